package import BatchCore
internal import JSON
internal import YAML

/// The items of a job in their order: its prompts, then the rows of its inputs, each once for every point of the matrix.
///
/// After a bad row no further item is given out: the rest is only looked through, for more that is wrong, and then
/// ``next()`` throws a ``JobFileError`` with all of it.
package final class JobItems: ItemSource {
    /// Rows to look through after a bad one before the complaint is made.
    private static let rowsAfterProblem = 100_000

    private enum Rows {
        case inline(InlinePrompts)
        case data(any RowReader, InputSpec)
    }

    private let text: JobText
    private let access: FileAccess
    private let standardInput: StandardInput
    private let builder: ItemBuilder
    private let log = ProblemLog()
    private let settings: JobSettings
    /// What the rows of the inputs are rendered through.
    private let rowSpec: SharedSpec?
    /// The job file without its folder, as origins name it.
    private let name: String

    private let prompts: InlinePrompts?
    private var hasPrompts = false
    private var readList: ReadList
    private var rows: Rows?
    private var nextInput = 0
    private var current: SharedSpec?
    private var row: DataRow?
    private var origin = ""
    private var nextCombination = 0
    private var badRows = 0
    private var rowsLeft = rowsAfterProblem
    private var isFinished = false
    private var hasItems = false

    /// What the job may read, one line each, for people; complete after the last item.
    package var reads: [String] { readList.lines }

    init(
        text: JobText,
        settings: JobSettings,
        access: FileAccess,
        standardInput: StandardInput,
        reads: ReadList
    ) throws(JobFileError) {
        self.text = text
        readList = reads
        self.settings = settings
        rowSpec = settings.rows.map(SharedSpec.init)
        self.access = access
        self.standardInput = standardInput
        name = text.path.split(separator: "/").last.map(String.init) ?? text.path
        builder = ItemBuilder(settings: settings, access: access, isCheck: false)
        do throws(YAMLError) {
            prompts = settings.promptsMark == nil ? nil : try InlinePrompts(text)
        } catch {
            prompts = nil
            log.add(error)
            try finish()
        }
        rows = prompts.map(Rows.inline)
    }

    package func next() throws -> SourceItem? {
        while !isFinished {
            if let item = buildItem() { return item }
            if badRows == ProblemLog.maximumDataProblems || rowsLeft == 0 || !advance() {
                try finish()
            }
        }
        return nil
    }

    /// The present row at the next point of the matrix; `nil` when the row is used up, or something is wrong.
    private func buildItem() -> SourceItem? {
        guard let current, nextCombination < settings.matrix.combinations.count else { return nil }
        let combination = settings.matrix.combinations[nextCombination]
        nextCombination += 1
        do throws(ItemBuilder.Failure) {
            let item = try builder.item(current.spec, row: row, isOpen: isOpen, at: combination, origin: origin)
            hasItems = true
            return log.isEmpty ? item : nil
        } catch {
            badRows += 1
            log.add(error.problems, row: row.map { _ in origin })
            nextCombination = .max
            return nil
        }
    }

    private var isOpen: Bool {
        guard case .data(_, let input) = rows else { return false }
        return input.kind == .jsonl
    }

    /// Goes to the next row; `false` at the end, or when reading cannot go on.
    private func advance() -> Bool {
        if !log.isEmpty {
            rowsLeft -= 1
        }
        current = nil
        nextCombination = 0
        switch rows {
        case .inline(let prompts): return advance(prompts)
        case .data(let reader, _):
            do throws(DataProblem) {
                row = try reader.next()
                guard let row else {
                    rows = nil
                    return true
                }
                origin = row.origin
                current = rowSpec
            } catch {
                badRows += 1
                log.add(error)
                return !error.isFatal
            }
            return true
        case nil: return openInput()
        }
    }

    private func advance(_ prompts: InlinePrompts) -> Bool {
        do throws(YAMLError) {
            guard let node = try prompts.next() else {
                rows = nil
                return true
            }
            hasPrompts = true
            current = PromptDecoder(log: log).inlinePrompt(node, over: settings).map(SharedSpec.init)
            if let current {
                readList.add(imagesOf: current.spec)
            }
            origin = "\(name):\(node.mark.line):\(node.mark.column)"
            return true
        } catch {
            log.add(error)
            return false
        }
    }

    private func openInput() -> Bool {
        guard nextInput < settings.inputs.count else { return false }
        let input = settings.inputs[nextInput]
        nextInput += 1
        do throws(DataProblem) {
            rows = .data(try input.open(access, standardInput), input)
            return true
        } catch {
            log.add(error)
            return false
        }
    }

    private func finish() throws(JobFileError) {
        isFinished = true
        rows = nil
        for error in prompts?.problems ?? [] {
            log.add(error)
        }
        if let mark = settings.promptsMark, !hasPrompts, log.isEmpty {
            log.add(InlinePrompts.emptiness, at: mark)
        }
        if let error = log.error(in: text) { throw error }
        // Emptied data is more likely an accident than a wish, and would orphan every item there is.
        guard hasItems else {
            let inputs = settings.inputs.map { $0.isStandardInput ? "standard input" : $0.path }
            let message = "the job has no items: there are no rows in \(inputs.joined(separator: ", "))"
            throw JobFileError([Problem(file: text.path, message: message, isMissingInput: true)])
        }
    }
}

extension InputSpec {
    /// Begins to read the input.
    func open(_ access: FileAccess, _ standardInput: StandardInput) throws(DataProblem) -> any RowReader {
        if kind == .files {
            return TextFileReader(path, access: access)
        }
        let file: InputFile
        do throws(FileProblem) {
            file = isStandardInput ? try standardInput.claim() : try access.open(path).file
            try file.checkUnchanged(since: stamp)
        } catch {
            throw DataProblem(error, file: path)
        }
        return kind == .csv ? try CSVReader(file, since: stamp) : JSONLinesReader(file, since: stamp)
    }
}
