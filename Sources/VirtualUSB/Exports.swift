// A device's file imports this module alone: what its signatures speak of comes along.
@_exported public import DriverRuntime
@_exported public import USBTypes
