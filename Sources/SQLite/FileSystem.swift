internal import CSQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The file system that a file is on, or would be, as far as a database cares.
package struct FileSystem: Sendable, Equatable {
    /// What it is called if other machines may have a part in it; `nil` for one of this machine.
    ///
    /// Locks, and memory that is shared over a log, cannot be relied on there.
    package var networkName: String?
    /// What an ordinary user may still write.
    package var freeBytes: Int64
    package var totalBytes: Int64
    package var blockBytes: Int

    package init(networkName: String? = nil, freeBytes: Int64, totalBytes: Int64, blockBytes: Int = 4096) {
        self.networkName = networkName
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
        self.blockBytes = blockBytes
    }

    /// Asks the system.
    ///
    /// - Parameter path: A file; if it is missing, the nearest folder above it that is there counts.
    /// - Returns: `nil` if the system does not tell.
    package static func of(_ path: String) -> FileSystem? {
        var place = path
        while access(place, F_OK) != 0, errno == ENOENT, place != "/", place != "." {
            place = folder(of: place)
        }
        var facts = statfs()
        guard statfs(place, &facts) == 0 else { return nil }
        let blockBytes = Int64(facts.f_bsize)
        return FileSystem(
            networkName: networkName(facts),
            freeBytes: Int64(clamping: facts.f_bavail).multipliedClamping(by: blockBytes),
            totalBytes: Int64(clamping: facts.f_blocks).multipliedClamping(by: blockBytes),
            blockBytes: Int(blockBytes)
        )
    }

    #if os(Linux)
        /// From linux/magic.h and the sources of the file systems that it leaves out.
        private static let networkNames: [UInt32: String] = [
            0x6969: "NFS", 0x517B: "SMB", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB", 0x0102_1997: "9p",
            0x6573_5546: "FUSE", 0x5346_414F: "AFS", 0x00C3_6400: "Ceph", 0x7375_7245: "Coda", 0x0BD0_0BD0: "Lustre",
            0x4750_4653: "GPFS", 0x0116_1970: "GFS2", 0x7461_636F: "OCFS2", 0x1983_0326: "BeeGFS",
            0x786F_4256: "VirtualBox shared folders", 0xBACB_ACBC: "VMware shared folders",
        ]

        private static func networkName(_ facts: statfs) -> String? {
            networkNames[UInt32(truncatingIfNeeded: facts.f_type)]
        }
    #else
        private static func networkName(_ facts: statfs) -> String? {
            guard facts.f_flags & UInt32(MNT_LOCAL) == 0 else { return nil }
            return withUnsafeBytes(of: facts.f_fstypename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
    #endif

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension Int64 {
    fileprivate func multipliedClamping(by other: Int64) -> Int64 {
        let (product, isOverflow) = multipliedReportingOverflow(by: other)
        return isOverflow ? .max : product
    }
}
