internal import BatchCore
internal import Crypto
internal import JSON

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where the images and other data of answers go as files of their own, for their owner alone.
///
/// The folder is made when there is something to put in it. Nothing is written outside: names are our own, and no link is
/// followed. A file appears under its name when it is whole.
package final class MediaFolder {
    private let path: String
    private let place: Place
    /// Of the folder; `nil` until something is written.
    private var descriptor: Int32?
    private var shownPath = ""

    /// Where paths of media start.
    private enum Place {
        /// Beside the file that names them, under this name.
        case beside(String)
        /// Anywhere, seen from the folder of the file that names them; `nil` for a stream.
        case named(outputPath: String?)
    }

    /// - Parameters:
    ///   - path: The folder.
    ///   - outputPath: The file that will name the media, by paths that start in its folder unless `path` is absolute;
    ///     `nil` for a stream, whose paths are as `path` is given.
    package init(path: String, outputPath: String?) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        place = .named(outputPath: outputPath)
    }

    /// The folder beside a file.
    package init(beside outputPath: String) {
        path = outputPath + ".media"
        place = .beside(String(path.split(separator: "/").last ?? ""))
    }

    deinit {
        if let descriptor {
            close(descriptor)
        }
    }

    /// Puts the data of an item's answers into files, and their paths in its place.
    ///
    /// - Throws: An ``ExportError``.
    func extract(_ result: ResultRow) throws -> ExportedRow {
        var result = result
        var media: [ExportedMedium] = []
        for index in result.turns.indices {
            result.turns[index].answer = try AnswerParts.replacingMedia(in: result.turns[index].answer) { medium in
                // What is not base64 stays where it is.
                guard let bytes = Base64.decode(medium.data) else { return nil }
                let written = try write(bytes, medium.mimeType, of: result.key)
                media.append(written)
                return written.path
            }
        }
        return ExportedRow(result, media: media)
    }

    /// Ends once all names are on the disk.
    ///
    /// - Throws: An ``ExportError``.
    func finish() throws {
        guard let descriptor else { return }
        guard fsync(descriptor) == 0 else { throw ExportError(.io, "synchronize", path, errno) }
    }

    // MARK: Files

    private func write(_ bytes: [UInt8], _ mimeType: String, of key: String) throws -> ExportedMedium {
        let folder = try descriptor ?? openFolder()
        let name = MediaName.make(key: key, bytes: bytes, mimeType: mimeType)
        if !Self.holds(bytes, folder, name) {
            try replace(name, with: bytes, in: folder)
        }
        return ExportedMedium(
            path: "\(shownPath)/\(name)",
            mimeType: mimeType,
            sha256: ItemFingerprint.hexadecimal(SHA256.hash(data: bytes)),
            bytes: bytes.count
        )
    }

    /// Whether a file holds these bytes already; a link does not, whatever it points to.
    private static func holds(_ bytes: [UInt8], _ folder: Int32, _ name: String) -> Bool {
        let file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return false }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size == bytes.count else {
            return false
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var position = 0
        while position < bytes.count {
            let count = read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0, position + count <= bytes.count,
                bytes[position..<position + count].elementsEqual(buffer[..<count])
            else { return false }
            position += count
        }
        return true
    }

    private func replace(_ name: String, with bytes: [UInt8], in folder: Int32) throws {
        let temporary = ".\(name).partial-\(getpid())"
        let shown = "\(path)/\(name)"
        unlinkat(folder, temporary, 0)
        let file = openat(folder, temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw ExportError(.cannotCreate, "create", shown, errno) }
        var isInPlace = false
        defer {
            close(file)
            if !isInPlace { unlinkat(folder, temporary, 0) }
        }
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { writeBytes(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ExportError(.io, "write", shown, errno) }
            start += count
        }
        guard fsync(file) == 0 else { throw ExportError(.io, "synchronize", shown, errno) }
        guard renameat(folder, temporary, folder, name) == 0 else {
            throw ExportError(.cannotCreate, "replace", shown, errno)
        }
        isInPlace = true
    }

    // MARK: The folder

    private func openFolder() throws(ExportError) -> Int32 {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw ExportError(.cannotCreate, "create the folder", path, errno)
        }
        let opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else {
            guard errno == ENOTDIR || errno == ELOOP else {
                throw ExportError(.cannotCreate, "open the folder", path, errno)
            }
            let problem = "cannot write media into \(path): it is a link, or no folder; name a folder"
            throw ExportError(.cannotCreate, path: path, problem)
        }
        descriptor = opened
        shownPath = pathFromOutput()
        return opened
    }

    /// The folder as it is found from the folder of the output.
    private func pathFromOutput() -> String {
        if case .beside(let name) = place { return name }
        guard case .named(let outputPath?) = place, !path.hasPrefix("/"),
            let folder = Self.words(ExportDestination.folder(of: outputPath)), let own = Self.words(path)
        else { return path }
        let common = zip(folder, own).prefix { $0 == $1 }.count
        let up = Array(repeating: "..", count: folder.count - common)
        let words = up + own.dropFirst(common).map(String.init)
        return words.isEmpty ? "." : words.joined(separator: "/")
    }

    private static func words(_ path: String) -> [Substring]? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real).split(separator: "/")
    }
}
