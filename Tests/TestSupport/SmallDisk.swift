#if os(Linux)
    internal import Foundation
    internal import Glibc

    /// A file system of two megabytes in memory; only root may make one.
    package final class SmallDisk: Sendable {
        package let path: String

        package init(in directory: TemporaryDirectory) throws {
            path = directory.path + "/disk"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            guard mount("tmpfs", path, "tmpfs", 0, "size=2m") == 0 else { throw POSIXError(.EPERM) }
        }

        deinit {
            umount2(path, Int32(MNT_DETACH))
        }

        package static var canBeMade: Bool {
            guard geteuid() == 0, let directory = try? TemporaryDirectory() else { return false }
            return (try? SmallDisk(in: directory)) != nil
        }

        /// Takes all the space that is left.
        package func fill() {
            let descriptor = open(path + "/ballast", O_CREAT | O_WRONLY | O_APPEND, 0o600)
            defer { close(descriptor) }
            let bytes = [UInt8](repeating: 0, count: 4096)
            while write(descriptor, bytes, bytes.count) > 0 {}
        }

        package func forbidWriting() throws {
            guard mount("tmpfs", path, nil, UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else { throw POSIXError(.EPERM) }
        }

        package func makeRoom() {
            unlink(path + "/ballast")
        }
    }
#endif
