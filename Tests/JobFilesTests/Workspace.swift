import BatchCore
import Foundation
import JobFiles
import TestSupport

/// A folder with a job file in it.
struct Workspace {
    let directory: TemporaryDirectory

    /// Writes the files, by their paths.
    init(_ files: [String: String] = [:]) throws {
        directory = try TemporaryDirectory()
        for (name, text) in files {
            try directory.write(text, to: name)
        }
    }

    /// Writes bytes that are not text.
    func write(_ bytes: [UInt8], to name: String) throws {
        try directory.write(Data(bytes), to: name)
    }

    var path: String { directory.path }

    /// Loads a job that is not written to a file; messages call it `job.yaml`.
    func load(_ yaml: String, options: JobFile.Options = JobFile.Options()) throws(JobFileError) -> JobFile {
        try JobFile.load(contents: Array(yaml.utf8), name: "job.yaml", folder: directory.path, options: options)
    }

    /// All items of a job.
    func items(_ yaml: String, options: JobFile.Options = JobFile.Options()) throws -> [SourceItem] {
        try load(yaml, options: options).allItems()
    }

    /// What is wrong with a job, or with its data.
    func error(_ yaml: String, options: JobFile.Options = JobFile.Options()) -> JobFileError? {
        do {
            _ = try items(yaml, options: options)
            return nil
        } catch {
            return error as? JobFileError
        }
    }
}

extension JobFile {
    func allItems() throws -> [SourceItem] {
        let source = try makeItems()
        var items: [SourceItem] = []
        while let item = try source.next() {
            items.append(item)
        }
        return items
    }
}

extension SourceItem {
    /// The text of the only turn.
    var prompt: String? {
        request.turns.count == 1 ? request.turns[0].text : nil
    }

    var keyText: String {
        switch key {
        case .explicit(let key), .content(let key): key
        }
    }
}
