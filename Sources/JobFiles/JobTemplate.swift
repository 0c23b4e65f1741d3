internal import JSON

/// A job to begin with: a commented job file and the data it reads.
package struct JobTemplate: Sendable {
    /// One file of a new job.
    package struct File: Sendable {
        /// Relative to the folder of the job.
        package let path: String
        package let contents: [UInt8]
    }

    package let name: String
    /// What it is for, in a few words.
    package let summary: String
    /// The job file first.
    package let files: [File]

    package var jobPath: String { files[0].path }

    private init(_ name: String, _ summary: String, _ job: [UInt8], data: [(path: String, contents: [UInt8])] = []) {
        self.name = name
        self.summary = summary
        files = [File(path: "\(name).yaml", contents: job)] + data.map { File(path: $0.path, contents: $0.contents) }
    }

    /// The schema of job files, to stand beside one; the first line of a job file names it.
    package static var schema: File {
        File(path: "genbatch.schema.json", contents: Array("\(JobSchema.document.indentedText)\n".utf8))
    }

    /// The first one is for those who do not choose.
    package static let all = [
        JobTemplate("prompts", "a few prompts, written in the job file", PackageResources.prompts_yaml),
        JobTemplate(
            "csv",
            "one item for each row of a table, answered as JSON",
            PackageResources.csv_yaml,
            data: [("data/reviews.csv", PackageResources.reviews_csv)]
        ),
        JobTemplate(
            "images",
            "questions about images",
            PackageResources.images_yaml,
            data: [("images/shapes.png", PackageResources.shapes_png)]
        ),
        JobTemplate("chat", "chats, in which each turn follows from the one before", PackageResources.chat_yaml),
        JobTemplate(
            "nightly",
            "summaries of the text files in a folder, to be run every night",
            PackageResources.nightly_yaml,
            data: [
                ("articles/ferry-timetable.txt", PackageResources.ferry_timetable_txt),
                ("articles/night-trains.txt", PackageResources.night_trains_txt),
            ]
        ),
    ]

    /// The template of a name; `nil` if there is none.
    package static func named(_ name: String) -> JobTemplate? {
        all.first { $0.name == name }
    }
}
