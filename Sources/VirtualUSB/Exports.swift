// A device imports VirtualUSB alone: its clock, descriptors and spans come along.
@_exported public import DriverRuntime
@_exported public import USBTypes
