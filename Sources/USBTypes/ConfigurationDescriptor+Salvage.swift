extension ConfigurationDescriptor {
    /// Reads as much of a damaged configuration as makes sense: all that stands in front of the
    /// first fault, with `wTotalLength` set right.
    ///
    /// Linux starts devices whose total length lies or whose last descriptor is cut off, so a
    /// program that drives real devices reads them like this; whoever judges a device, with
    /// `init(bytes:)`.
    ///
    /// - Returns: The configuration, and the fault; `nil` if there is none.
    /// - Throws: `truncated`, `wrongType` or `tooShort` if the configuration descriptor itself
    ///   cannot be read.
    public static func salvage(
        _ bytes: [UInt8]
    ) throws(DescriptorError) -> (configuration: ConfigurationDescriptor, fault: DescriptorError?) {
        var fault: DescriptorError?
        var sound = Array(bytes.prefix(0xFFFF))
        while true {
            do throws(DescriptorError) {
                return (try ConfigurationDescriptor(bytes: sound), fault)
            } catch {
                // Each pass but the one that sets a wrong total right makes `sound` shorter.
                var end = error.offset
                if case .wrongTotalLength = error.code { end = sound.count }
                guard end >= 9 else { throw error }
                fault = fault ?? error
                sound.removeSubrange(end...)
                sound.setTotalLength(ofDescriptorAt: 0)
            }
        }
    }
}
