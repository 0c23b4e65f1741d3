internal import BatchCore
internal import JSON
internal import YAML

/// Checks what can be known of the items before any data row is read.
struct JobChecker {
    /// Ids remembered to find one given twice; the checkpoint finds any beyond.
    private static let maximumIDs = 4_000_000

    private let text: JobText
    private let access: FileAccess
    private let log: ProblemLog
    private let builder: ItemBuilder
    private var settings: JobSettings
    private(set) var reads: ReadList

    init(text: JobText, settings: JobSettings, access: FileAccess, log: ProblemLog) {
        self.text = text
        self.settings = settings
        self.access = access
        self.log = log
        builder = ItemBuilder(settings: settings, access: access, isCheck: true)
        reads = ReadList()
    }

    /// Checks prompts and inputs.
    ///
    /// The prompts of a large file are left to ``JobItems``, which finds the same mistakes: one reading more would take longer
    /// than all else. If something is wrong already they are checked here, so that all is told in one go.
    ///
    /// - Returns: The settings, with the state of the input files.
    /// - Throws: A ``YAMLError`` if the file cannot be read to its end.
    mutating func check() throws(YAMLError) -> JobSettings {
        for index in settings.inputs.indices {
            check(input: index)
        }
        if let rows = settings.rows {
            check(imagesOf: rows)
            let config = rows.config.merging(settings.matrix.combinations[0].config)
            log.add(builder.schemaProblem(of: rows, config: config).map { [$0] } ?? [])
        }
        if settings.promptsMark != nil, !text.isLarge || !log.isEmpty {
            try checkPrompts()
        }
        return settings
    }

    // MARK: Prompts

    private mutating func checkPrompts() throws(YAMLError) {
        let prompts = try InlinePrompts(text)
        let decoder = PromptDecoder(log: log)
        // By hash, because a million ids of any length must not fill the memory; 64 bits do not collide by chance.
        var lines: [Int: Int] = [:]
        var count = 0
        while !log.isFull, let node = try prompts.next() {
            count += 1
            guard let spec = decoder.inlinePrompt(node, over: settings) else { continue }
            reads.add(imagesOf: spec)
            do throws(ItemBuilder.Failure) {
                let first = settings.matrix.combinations[0]
                let item = try builder.item(spec, row: nil, isOpen: false, at: first, origin: "")
                guard case .explicit(let key) = item.key, lines.count < Self.maximumIDs else { continue }
                if let line = lines.updateValue(node.mark.line, forKey: key.hashValue) {
                    lines[key.hashValue] = line
                    let id = String(key.dropLast(first.suffix.count))
                    log.add("the id \"\(id)\" is given twice, first in line \(line)", at: spec.id?.mark ?? node.mark)
                }
            } catch {
                log.add(error.problems)
            }
        }
        for error in prompts.problems {
            log.add(error)
        }
        if count == 0, let mark = settings.promptsMark {
            log.add(InlinePrompts.emptiness, at: mark)
        }
    }

    // MARK: Inputs

    private mutating func check(input index: Int) {
        let input = settings.inputs[index]
        reads.add(input)
        do throws(DataProblem) {
            switch input.kind {
            case .files: try checkFiles(input)
            case .jsonl where input.isStandardInput: break
            case .jsonl, .csv: try checkTable(index)
            }
        } catch {
            let place = error.line.map { "\(error.file):\($0): " } ?? ""
            log.add(place + error.message, at: input.mark, isMissingInput: error.isMissingInput)
        }
    }

    private func checkFiles(_ input: InputSpec) throws(DataProblem) {
        func problem(_ message: String, isMissing: Bool = false) -> DataProblem {
            DataProblem(FileProblem(message, isMissing: isMissing), file: input.path)
        }
        guard access.isInside(input.path) else {
            throw problem(FileAccess.outside(input.path).message)
        }
        guard input.path.split(separator: "/").filter({ $0 == "**" }).count <= 1 else {
            throw problem("a pattern may have only one **")
        }
        var glob = FileGlob(input.path, in: access.folder)
        guard glob.next() != nil else {
            let isPattern = FileGlob.isPattern(input.path)
            throw problem(
                isPattern ? "no file matches \(input.path)" : "\(input.path) is not there, or is a folder",
                isMissing: true
            )
        }
        checkRows(of: input, fields: TextFileReader.fields)
    }

    /// Opens a table: that it is there, and which columns it has.
    private mutating func checkTable(_ index: Int) throws(DataProblem) {
        let input = settings.inputs[index]
        if input.kind == .csv, input.path == "-" {
            throw DataProblem(file: input.path, "standard input is read as JSON Lines; write `jsonl: \"-\"`")
        }
        let file: InputFile
        do throws(FileProblem) {
            file = try access.open(input.path).file
        } catch {
            throw DataProblem(error, file: input.path)
        }
        settings.inputs[index].stamp = file.stamp
        guard input.kind == .csv else { return }
        checkRows(of: input, fields: try CSVReader(file, since: nil).header)
    }

    private func checkRows(of input: InputSpec, fields: [String]) {
        guard let rows = settings.rows else { return }
        log.add(builder.unknownVariables(of: rows, fields: fields), row: input.path)
        guard rows.model == nil, !settings.hasBrokenModel, !settings.matrix.hasModel else { return }
        log.add(ItemBuilder.noModel, at: YAMLMark(line: 1, column: 1))
    }

    /// Checks the images that are the same for every row.
    private mutating func check(imagesOf rows: PromptSpec) {
        reads.add(imagesOf: rows)
        for image in rows.images where image.address.template.isConstant && image.mimeType?.template.isConstant != false
        {
            do throws(FileProblem) {
                _ = try builder.media.reference(
                    to: image.address.template.text,
                    as: image.form,
                    mimeType: image.mimeType?.template.text
                )
            } catch {
                log.add(error.message, at: image.address.mark, isMissingInput: error.isMissing)
            }
        }
    }
}

/// What a job may read, in words, for people to look over before they run a job of someone else's.
struct ReadList: Sendable {
    private static let maximum = 100

    private(set) var lines: [String] = []

    mutating func add(_ input: InputSpec) {
        add(input.isStandardInput ? "standard input (jsonl)" : "\(input.path) (\(input.kind.rawValue))")
    }

    mutating func add(imagesOf spec: PromptSpec) {
        for image in spec.images {
            let address = image.address.template.text
            if !image.address.template.isConstant {
                add(
                    "images that the template \"\(address)\" names: files in the job's folder, or URIs fetched by the API"
                )
            } else if case .uri(_, let host, _)? = try? MediaAddress(address), image.form != .path {
                add("\(address.prefix { $0 != ":" })://\(host) (images, fetched by the API)")
            } else {
                add("\(address) (image)")
            }
        }
    }

    private mutating func add(_ line: String) {
        guard lines.count <= Self.maximum, !lines.contains(line) else { return }
        lines.append(lines.count < Self.maximum ? line : "… and more")
    }
}
