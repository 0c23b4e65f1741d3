import Foundation
import JSON
import SQLite
import TestSupport
import Testing

/// Fault matrix, row F03: the power goes, and with it everything that was not synchronized to the disk.
///
/// All calls of a run that change files are recorded, and the disk is built again as it may be after each of them.
@Suite("Power loss", .serialized, .timeLimit(.minutes(TestEffort.isLong ? 60 : 4)))
struct PowerLossTests {
    private static let items = 24
    /// Moments that are tried, each with two disks; all of them in the long run.
    private static let moments = 90

    // Fault matrix: F03.
    @Test("no disk that may be left by a power cut lacks an announced answer or is damaged")
    func losesNothing() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "5ms", "--chunks", "12"])
        let work = try Workspace(
            simulator,
            job: """
                model: m
                limits: {concurrency: 4}
                inputs: [{jsonl: rows.jsonl}]
                prompt: Tell me of number {{n}}.
                id: "{{n}}"
                """
        )
        try work.write((1...Self.items).map { "{\"n\": \($0)}\n" }.joined(), to: "rows.jsonl")
        let traced = try await work.shell(
            "exec strace -f -y -xx -s 100000000 -o trace.txt"
                + " -e trace=pwrite64,ftruncate,fsync,fdatasync,unlink,openat,mkdir,rename,write"
                + " $GB run job.yaml --json"
        )
        try #require(!traced.errors.contains("strace:"), "strace must be able to trace: \(traced.errors)")
        #expect(traced.status == 0, "\(traced.errors)")
        let folder = "\(work.path)/.genbatch"
        let calls = try FileCall.parse(try work.read("trace.txt")).filter { $0.concerns(folder) }
        let announcements = calls.count { if case .announce = $0 { true } else { false } }
        #expect(announcements == Self.items)

        let step = TestEffort.isLong ? 1 : max(1, calls.count / Self.moments)
        var random = SeededGenerator(seed: 0xF03)
        var disk = SimulatedDisk()
        var tried = 0
        var damaged = 0
        for (index, call) in calls.enumerated() {
            disk.apply(call)
            guard index.isMultiple(of: step) || index == calls.count - 1 else { continue }
            let images = [disk.image { false }, disk.image { Bool.random(using: &random) }]
            for image in images where try !isWhole(image, disk.announced, at: index) { damaged += 1 }
            tried += images.count
        }
        print("F03: \(tried) disks of \(calls.count) calls, \(damaged) of them damaged or without an announced answer")
    }

    // Fault matrix: F03.
    @Test("a folder that was just made, and the file in it, are synchronized before anything is announced")
    func keepsNames() async throws {
        let simulator = try await SimulatorProgram()
        let work = try Workspace(simulator, job: "model: m\nprompts: [one]\n")
        let traced = try await work.shell(
            "exec strace -f -y -o trace.txt -e trace=mkdir,openat,fsync,fdatasync,write $GB run job.yaml --json"
        )
        #expect(traced.status == 0, "\(traced.errors)")
        let lines = try work.read("trace.txt").split(separator: "\n")
        let done = try #require(lines.firstIndex { $0.contains("item_done") })
        // The name of a file is in its folder, and that of the folder in the one above it.
        for folder in [work.path, "\(work.path)/.genbatch"] {
            #expect(lines[..<done].contains { $0.contains("sync(") && $0.contains("<\(folder)>") }, "\(folder)")
        }
    }

    /// Opens what a power cut left, as the next run would.
    private func isWhole(_ image: [String: [UInt8]], _ announced: Set<String>, at index: Int) throws -> Bool {
        let files = Dictionary(
            uniqueKeysWithValues: image.map { ($0.key.components(separatedBy: "/").last ?? "", $0.value) }
        )
        guard let database = files["job.db"], !database.isEmpty || files["job.db-wal"]?.isEmpty == false else {
            #expect(announced.isEmpty, "call \(index): announced items and no checkpoint")
            return announced.isEmpty
        }
        let directory = try TemporaryDirectory()
        for (name, bytes) in files where name.hasPrefix("job.db") && !name.hasSuffix("-shm") {
            try directory.write(Data(bytes), to: name)
        }
        do {
            // A run opens it for writing, which brings the log back into the file.
            let connection = try Connection(path: directory.path + "/job.db", mode: .readWrite)
            let problem = try connection.integrityProblem()
            #expect(problem == nil, "call \(index)")
            if problem != nil { return false }
        }
        let facts = try CheckpointFacts(path: directory.path + "/job.db")
        guard try facts.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'results'") == 1 else {
            #expect(announced.isEmpty, "call \(index): announced items and no tables")
            return announced.isEmpty
        }
        let lost = announced.subtracting(try facts.answeredKeys())
        #expect(lost.isEmpty, "call \(index): announced and lost: \(lost.sorted())")
        return lost.isEmpty
    }
}

/// A call that changes files, or tells the world that an answer is safe.
private enum FileCall {
    case create(String)
    case makeFolder(String)
    case write(String, offset: Int, [UInt8])
    case truncate(String, Int)
    case synchronize(String)
    case remove(String)
    case announce(String)

    /// Whether it is about a folder, its place, or what is told.
    func concerns(_ folder: String) -> Bool {
        switch self {
        case .create(let path), .write(let path, _, _), .truncate(let path, _), .remove(let path):
            path.hasPrefix(folder)
        case .makeFolder(let path), .synchronize(let path): path.hasPrefix(folder) || folder.hasPrefix(path + "/")
        case .announce: true
        }
    }

    /// Reads the log of strace in the order in which calls returned.
    static func parse(_ log: String) throws -> [FileCall] {
        var unfinished: [Substring: Substring] = [:]
        var events: [UInt8] = []
        var calls: [FileCall] = []
        for line in log.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard parts.count == 2 else { continue }
            let pid = parts[0]
            var text = parts[1].drop { $0 == " " }
            if let range = text.range(of: " <unfinished ...>") {
                unfinished[pid] = text[..<range.lowerBound]
                continue
            }
            if text.hasPrefix("<... "), let resumed = text.range(of: "resumed>") {
                text = (unfinished.removeValue(forKey: pid) ?? "") + text[resumed.upperBound...]
            }
            if text.hasPrefix("write(1<") {
                calls += announcements(text, after: &events)
            } else if let call = call(text) {
                calls.append(call)
            }
        }
        return calls
    }

    /// The answers that a write to standard output told to be safe; several events may come in one.
    private static func announcements(_ text: Substring, after events: inout [UInt8]) -> [FileCall] {
        let strings = text.split(separator: "\"", omittingEmptySubsequences: false)
        events += strings.count > 1 ? bytes(strings[1]) : []
        var calls: [FileCall] = []
        while let end = events.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: events[..<end], as: UTF8.self)
            events.removeFirst(end + 1)
            if let event = try? JSONValue(parsing: line), event["type"]?.string == "item_done",
                let key = event["key"]?.string
            {
                calls.append(.announce(key))
            }
        }
        return calls
    }

    private static func call(_ text: Substring) -> FileCall? {
        guard let open = text.firstIndex(of: "("), let equals = text.range(of: " = ", options: .backwards),
            !text[equals.upperBound...].hasPrefix("-")
        else { return nil }
        let arguments = text[text.index(after: open)..<equals.lowerBound]
        let strings = arguments.split(separator: "\"", omittingEmptySubsequences: false)
        let quoted = strings.count > 1 ? bytes(strings[1]) : []
        let descriptorPath = arguments.range(of: "<").flatMap { start in
            arguments.range(of: ">").map { path(arguments[start.upperBound..<$0.lowerBound]) }
        }
        switch text[..<open] {
        case "openat" where arguments.contains("O_CREAT"):
            return .create(String(decoding: quoted, as: UTF8.self))
        case "mkdir":
            return .makeFolder(String(decoding: quoted, as: UTF8.self))
        case "unlink":
            return .remove(String(decoding: quoted, as: UTF8.self))
        case "pwrite64":
            guard let descriptorPath, let offset = number(strings.last ?? "", at: 2) else { return nil }
            return .write(descriptorPath, offset: offset, quoted)
        case "ftruncate":
            guard let descriptorPath, let length = number(arguments, at: 1) else { return nil }
            return .truncate(descriptorPath, length)
        case "fsync", "fdatasync":
            return descriptorPath.map { .synchronize($0) }
        default:
            return nil
        }
    }

    /// The number after so many commas.
    private static func number(_ arguments: Substring, at index: Int) -> Int? {
        let parts = arguments.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count > index else { return nil }
        return Int(parts[index].filter { $0.isNumber })
    }

    /// A string of strace: every byte as `\xNN`.
    private static func bytes(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4)
        var high: UInt8?
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "x"): continue
            default:
                let digit = byte <= 0x39 ? byte - 0x30 : byte - 0x57
                if let first = high {
                    bytes.append(first << 4 | digit)
                    high = nil
                } else {
                    high = digit
                }
            }
        }
        return bytes
    }

    /// The path of a descriptor, whose bytes are told like those of strings.
    private static func path(_ text: Substring) -> String {
        text.hasPrefix("\\x") ? String(decoding: bytes(text), as: UTF8.self) : String(text)
    }
}

/// Files as programs see them, and as the disk has them for certain.
private struct SimulatedDisk {
    private enum Change {
        case write(offset: Int, [UInt8])
        case truncate(Int)
    }

    private struct File {
        var durable: [UInt8] = []
        var changes: [Change] = []
        /// Whether its name is in its folder for certain.
        var hasDurableName = false
    }

    private var files: [String: File] = [:]
    /// Files that were removed, until their folder is synchronized.
    private var removed: [String: File] = [:]
    /// Folders that were made, and whether their name is certain.
    private var folders: [String: Bool] = [:]
    private(set) var announced: Set<String> = []

    mutating func apply(_ call: FileCall) {
        switch call {
        case .create(let path): files[path] = files[path] ?? File()
        case .makeFolder(let path): folders[path] = false
        case .write(let path, let offset, let bytes): files[path]?.changes.append(.write(offset: offset, bytes))
        case .truncate(let path, let length): files[path]?.changes.append(.truncate(length))
        case .remove(let path): removed[path] = files.removeValue(forKey: path)
        case .synchronize(let path): synchronize(path)
        case .announce(let key): announced.insert(key)
        }
    }

    private mutating func synchronize(_ path: String) {
        if var file = files[path] {
            file.durable = Self.apply(file.changes, to: file.durable)
            file.changes = []
            files[path] = file
            return
        }
        func isDirectlyIn(_ name: String) -> Bool { (name as NSString).deletingLastPathComponent == path }
        for name in files.keys where isDirectlyIn(name) { files[name]?.hasDurableName = true }
        for name in removed.keys where isDirectlyIn(name) { removed[name] = nil }
        for name in folders.keys where isDirectlyIn(name) { folders[name] = true }
    }

    /// The disk after the power is back.
    ///
    /// - Parameter isKept: Asked for everything that was not synchronized: whether it reached the disk all the same.
    /// - Returns: The files by their paths.
    func image(_ isKept: () -> Bool) -> [String: [UInt8]] {
        var image: [String: [UInt8]] = [:]
        let lostFolders = folders.filter { !$0.value && !isKept() }.keys
        // A removal that was not synchronized may not have happened.
        for (name, file) in removed where !isKept() { image[name] = contents(of: file, isKept) }
        for (name, file) in files where file.hasDurableName || isKept() { image[name] = contents(of: file, isKept) }
        return image.filter { name, _ in !lostFolders.contains { name.hasPrefix($0 + "/") } }
    }

    private func contents(of file: File, _ isKept: () -> Bool) -> [UInt8] {
        Self.apply(file.changes.filter { _ in isKept() }, to: file.durable)
    }

    private static func apply(_ changes: [Change], to contents: [UInt8]) -> [UInt8] {
        var contents = contents
        func grow(to length: Int) {
            if contents.count < length { contents += [UInt8](repeating: 0, count: length - contents.count) }
        }
        for change in changes {
            switch change {
            case .write(let offset, let bytes):
                grow(to: offset + bytes.count)
                contents.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
            case .truncate(let length):
                grow(to: length)
                contents.removeLast(contents.count - length)
            }
        }
        return contents
    }
}
