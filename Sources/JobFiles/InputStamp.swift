internal import Crypto

extension JobFile {
    /// Tells whether the items may be other ones than at another time, without reading them.
    ///
    /// A hash of the names, sizes and times of the job file and its data, and of what else items are made from, as backup
    /// programs tell changed files. Local media are not in it: rows name them.
    ///
    /// - Parameter version: Of the program; another one may make other items of the same files.
    /// - Returns: 32 bytes; `nil` if it cannot be told, as of standard input and of patterns of files.
    package func inputStamp(version: String) -> [UInt8]? {
        guard let files = inputFiles else { return nil }
        var hash = SHA256()
        for text in [version, folder] + files.map({ "\($0.path)\t\($0.stamp.text)" }) {
            // A NUL stands in no path.
            hash.update(data: Array(text.utf8) + [0])
        }
        return Array(hash.finalize())
    }

    /// Whether the stamp may be kept; to be asked after the items were read.
    ///
    /// The files have to be as they were, and to have been written to so long ago that another write would show in their
    /// times.
    package var areInputsSettled: Bool {
        guard let files = inputFiles else { return false }
        return files.allSatisfy { file in
            guard let now = currentStamp(of: file.path) else { return false }
            return now.isSettled && now.hasSameContent(as: file.stamp) && now.changed == file.stamp.changed
        }
    }
}

extension FileStamp {
    fileprivate var text: String {
        let times = [modified, changed].map { "\($0.seconds).\($0.nanoseconds)" }
        return "\(device) \(inode) \(size) \(times[0]) \(times[1])"
    }
}
