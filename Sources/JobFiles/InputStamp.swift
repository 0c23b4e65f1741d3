internal import Crypto

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension JobFile {
    /// A file that was written to so recently may be written to again without its time showing it.
    private static let settlingSeconds = 2

    /// Tells whether the items may be other ones than at another time, without reading them.
    ///
    /// A hash of the names, sizes and times of modification of the job file and its data, and of what else items are made
    /// from. Backup programs tell changed files in the same way. Local media are not in it: rows name them.
    ///
    /// - Parameter version: Of the program; another one may make other items of the same files.
    /// - Returns: 32 bytes; `nil` if it cannot be told, as of standard input, of patterns of files, and of files that were
    ///   written to just now.
    package func inputStamp(version: String) -> [UInt8]? {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        guard let files = inputFiles,
            files.allSatisfy({ $0.stamp.modifiedSeconds + Self.settlingSeconds < moment.tv_sec })
        else { return nil }
        var hash = SHA256()
        for text in [version, folder] + files.map({ "\($0.path)\t\($0.stamp.text)" }) {
            // A NUL stands in no path.
            hash.update(data: Array(text.utf8) + [0])
        }
        return Array(hash.finalize())
    }
}

extension FileStamp {
    fileprivate var text: String {
        "\(device) \(inode) \(size) \(modifiedSeconds).\(modifiedNanoseconds)"
    }
}
