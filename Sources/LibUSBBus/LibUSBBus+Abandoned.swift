internal import CLibUSB
internal import Glibc
internal import USBTypes

/// What a killed process has left: interfaces without a driver, power settings that it changed.
extension LibUSBBus {
    /// Lets the kernel bind its drivers again, restores the settings. Side thread, at the start.
    func giveBackAbandoned(_ context: ContextPointer) {
        let abandoned = journal.takeAbandoned()
        for note in abandoned.power {
            let folder = SysfsDevice(name: note.device, root: sysfs)
            guard let device = folder.descriptors.flatMap({ DescriptorBlob($0) })?.device,
                device.vendorID == note.vendor, device.productID == note.product
            else { continue }
            RuntimePower(of: folder).restore(note.settings)
        }
        for note in abandoned.drivers {
            let folder = SysfsDevice(name: note.device)
            // Another device may stand there by now, or the driver be back.
            guard let place = folder.place, let bytes = folder.descriptors,
                let device = DescriptorBlob(bytes)?.device,
                device.vendorID == note.vendor, device.productID == note.product,
                let configuration = folder.activeConfiguration,
                folder.kernelDriver(configuration: configuration, interface: note.interface) == nil
            else { continue }
            let descriptor = unsafe Glibc.open(place.node, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { Glibc.close(descriptor) }
            guard let handle = calls.wrap(context, descriptor: descriptor).value else { continue }
            _ = calls.attachKernelDriver(handle, Int32(note.interface))
            calls.close(handle)
        }
    }
}
