/// A database read page by page, damaged or not.
///
/// Rows of a table are found by its tree where that is whole, and by looking at every other page that may hold rows. What
/// was overwritten in place with something that still adds up cannot be told: SQLite keeps no checksums.
package struct RawDatabase: ~Copyable {
    /// What was found, besides the rows.
    package struct Report: Sendable, Equatable {
        package var pages = 0
        /// Pages that should hold something and do not, or that nothing leads to any more.
        package var damagedPages: [Int] = []
        /// Rows whose place is known but whose contents do not add up.
        package var unreadableRows = 0
    }

    private static let magic = Array("SQLite format 3\0".utf8)

    private var reader: RecordReader
    private var report = Report()
    /// Pages whose use is known.
    private var accounted: Set<Int> = []
    private var freePages: Set<Int> = []

    /// Opens a file without looking at what is in it.
    ///
    /// - Parameters:
    ///   - path: The database; its log beside it is read too.
    ///   - defaultPageSize: What to take if the header is damaged.
    /// - Throws: A ``FileError`` if the file cannot be opened.
    package init(path: String, defaultPageSize: Int) throws(FileError) {
        reader = RecordReader(try PageSource(path: path, defaultPageSize: defaultPageSize))
        report.pages = reader.pageCount
    }

    /// Hands out all rows that can be read; some may come twice, the certain ones first.
    ///
    /// - Parameters:
    ///   - guess: Names the table that a row without one must come from; `nil` if it fits none.
    ///   - body: Called with the table's name, the number of the row and its values.
    /// - Returns: What was found besides.
    /// - Throws: What the body throws.
    package mutating func readRows(
        guess: ([SQLiteValue]) -> String?,
        _ body: (_ table: String, _ rowID: Int64, _ values: [SQLiteValue]) throws -> Void
    ) rethrows -> Report {
        guard report.pages > 0 else { return report }
        readFreeList()
        let schema = records(inTree: 1)
        for entry in schema {
            guard entry.values.count == 5, case .text("table") = entry.values[0],
                case .text(let name) = entry.values[1],
                case .integer(let root) = entry.values[3], (2...Int64(report.pages)).contains(root)
            else { continue }
            for leaf in leaves(ofTree: Int(root)) {
                for record in records(inLeaf: leaf) {
                    try body(name, record.rowID, record.values)
                }
            }
        }
        for number in 1...report.pages where !accounted.contains(number) && !freePages.contains(number) {
            for record in strayRecords(in: number) {
                if let table = guess(record.values) {
                    try body(table, record.rowID, record.values)
                }
            }
        }
        noteDamagedPages()
        return report
    }

    // MARK: Trees

    /// All records of a small tree.
    private mutating func records(inTree root: Int) -> [RawRecord] {
        var records: [RawRecord] = []
        for leaf in leaves(ofTree: root) {
            records += self.records(inLeaf: leaf)
        }
        return records
    }

    /// The pages with rows below a page, in their order; a page is given to the first tree that leads to it.
    private mutating func leaves(ofTree root: Int) -> [Int] {
        var leaves: [Int] = []
        var open = [root]
        while let number = open.popLast() {
            guard (1...report.pages).contains(number), !accounted.contains(number), !freePages.contains(number) else {
                continue
            }
            let page = reader.page(number)
            if RecordReader.cells(page, number: number, kind: 0x0D) != nil {
                accounted.insert(number)
                leaves.append(number)
            } else if let cells = RecordReader.cells(page, number: number, kind: 0x05) {
                accounted.insert(number)
                let last = page.bigEndian(at: RecordReader.start(of: number) + 8, bytes: 4)
                let children = cells.filter { $0 + 4 <= page.count }.map { page.bigEndian(at: $0, bytes: 4) } + [last]
                open += children.reversed()
            }
        }
        return leaves
    }

    private mutating func records(inLeaf number: Int) -> [RawRecord] {
        let page = reader.page(number)
        var records: [RawRecord] = []
        for cell in RecordReader.cells(page, number: number, kind: 0x0D) ?? [] {
            if cell < page.count, let record = reader.record(page, at: cell) {
                records.append(record)
            } else {
                report.unreadableRows += 1
            }
        }
        return records
    }

    /// Rows of a page that no tree leads to.
    private mutating func strayRecords(in number: Int) -> [RawRecord] {
        let page = reader.page(number)
        for kind in [0x02, 0x0A, 0x05] as [UInt8] where RecordReader.cells(page, number: number, kind: kind) != nil {
            accounted.insert(number)
            return []
        }
        guard RecordReader.cells(page, number: number, kind: 0x0D) != nil else { return [] }
        let unreadable = report.unreadableRows
        let records = records(inLeaf: number)
        if records.isEmpty {
            // Not a page of rows, but one that looked like it.
            report.unreadableRows = unreadable
        } else {
            accounted.insert(number)
        }
        return records
    }

    // MARK: Pages

    private mutating func readFreeList() {
        let header = reader.page(1)
        guard header.starts(with: Self.magic) else { return }
        var trunk = header.bigEndian(at: 32, bytes: 4)
        while (2...max(2, report.pages)).contains(trunk), freePages.insert(trunk).inserted {
            let page = reader.page(trunk)
            let count = page.bigEndian(at: 4, bytes: 4)
            guard 8 + 4 * count <= page.count else { return }
            for index in 0..<count {
                freePages.insert(page.bigEndian(at: 8 + 4 * index, bytes: 4))
            }
            trunk = page.bigEndian(at: 0, bytes: 4)
        }
    }

    private mutating func noteDamagedPages() {
        // SQLite leaves out the page at 1 GiB, where its locks are.
        let lockPage = 0x4000_0000 / reader.pageSize + 1
        report.damagedPages = (1...report.pages).filter { number in
            !accounted.contains(number) && !freePages.contains(number) && !reader.overflowPages.contains(number)
                && number != lockPage
        }
    }
}
