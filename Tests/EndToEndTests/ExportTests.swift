import Foundation
import JSON
import Testing

/// Every option of `genbatch export`, on the results of a run.
@Suite("Exports", .serialized, .timeLimit(.minutes(3)))
struct ExportTests {
    private static let job = """
        model: m
        inputs: [{jsonl: rows.jsonl}]
        id: "{{id}}"
        prompt: "Tell me of {{topic}} in 3 words."
        """
    private static let rows = """
        {"id": "a", "topic": "=tides", "lang": "de", "n": 1}
        {"id": "b", "topic": "refused", "lang": "en", "n": 2}
        {"id": "c", "topic": "rain,\\nsnow", "lang": "de", "place": {"city": "Ulm"}}

        """
    private static let refusal = #"{"rules": [{"match": "refused", "fault": {"kind": "status", "status": 400}}]}"#

    /// A job of three items, of which one has failed.
    private func finishedJob() async throws -> Workspace {
        let simulator = try await SimulatorProgram(script: Self.refusal)
        let work = try Workspace(simulator, job: Self.job)
        try work.write(Self.rows, to: "rows.jsonl")
        #expect(try await work.genbatch("run", "job.yaml", "--quiet").status == 3)
        return work
    }

    /// Gives an item an answer with an image, which the simulator does not draw.
    private func addImage(to key: String, in work: Workspace) async throws {
        let parts = #"[{"text":"see"},{"inlineData":{"mimeType":"image/png","data":"aGVsbG8="}}]"#
        let sql = "UPDATE response SET parts = '\(parts)' WHERE item_id = (SELECT id FROM item WHERE key = '\(key)')"
        try work.write(sql, to: "image.sql")
        let change = try await work.shell("sqlite3 .genbatch/job.db < image.sql")
        #expect(change.status == 0, "\(change.errors)")
    }

    @Test("the name of the file chooses the format, --format overrules it")
    func choosesFormat() async throws {
        let work = try await finishedJob()
        for name in ["a.jsonl", "a.csv", "a.md", "a.txt"] {
            #expect(try await work.genbatch("export", "job.yaml", "-o", name).status == 0)
        }
        #expect(try work.read("a.jsonl").hasPrefix("{\"key\":\"a\""))
        #expect(try work.read("a.csv").hasPrefix("key,state,model,"))
        #expect(try work.read("a.md").hasPrefix("## `a`\n"))
        #expect(try work.read("a.txt") == work.read("a.jsonl"))
        #expect(try await work.genbatch("export", "job.yaml", "-o", "b.csv", "--format", "jsonl").status == 0)
        #expect(try work.read("b.csv") == work.read("a.jsonl"))
        #expect(try await work.genbatch("export", "job.yaml", "--format", "md").output == work.read("a.md"))
    }

    @Test("--state takes lists, --where looks at input columns, and both narrow the choice")
    func selects() async throws {
        let work = try await finishedJob()
        func keys(_ arguments: String...) async throws -> [String] {
            let export = await work.outcome(of: try work.start(["export", "job.yaml"] + arguments))
            #expect(export.status == 0, "\(export.errors)")
            return try export.events().compactMap { $0["key"]?.string }
        }
        #expect(try await keys() == ["a", "c"])
        #expect(try await keys("--state", "done,failed") == ["a", "b", "c"])
        #expect(try await keys("--state", "failed", "--state", "pending") == ["b"])
        #expect(try await keys("--where", "lang=de") == ["a", "c"])
        #expect(try await keys("--where", "lang=de", "--where", "n=1") == ["a"])
        #expect(try await keys("--where", "topic==tides") == ["a"])
        #expect(try await keys("--where", #"place={"city":"Ulm"}"#) == ["c"])
        #expect(try await keys("--where", "lang=en") == [])
        #expect(try await keys("--where", "lang=en", "--state", "failed") == ["b"])
    }

    @Test("CSV echoes the input columns, keeps the order of --fields, and guards formulas unless told not to")
    func writesTables() async throws {
        let work = try await finishedJob()
        let fields = ["--format", "csv", "--state", "done,failed", "--fields"]
        func csv(_ arguments: String...) async throws -> String {
            let export = await work.outcome(of: try work.start(["export", "job.yaml"] + fields + arguments))
            #expect(export.status == 0, "\(export.errors)")
            return export.output
        }
        let table = try await csv("input,key,error.class")
        let header = "input.id,input.topic,input.lang,input.n,input.place,key,error.class\r\n"
        #expect(
            table == header + "a,'=tides,de,1,,a,\r\nb,refused,en,2,,b,invalid_request\r\n"
                + "c,\"rain,\nsnow\",de,,\"{\"\"city\"\":\"\"Ulm\"\"}\",c,\r\n"
        )
        #expect(
            try await csv("input.place.city,input.topic", "--csv-raw")
                == "input.place.city,input.topic\r\n,=tides\r\n,refused\r\nUlm,\"rain,\nsnow\"\r\n"
        )
        let line = try #require(try await work.export("--fields", "text,key", "--fields", "input.n,usage").first)
        #expect(line.object?.keys == ["text", "key", "input", "usage"])
        #expect(line["input"] == ["n": 1])
        #expect(line["usage"]?["output_tokens"]?.int64 ?? 0 > 0)
    }

    @Test(
        "what cannot be meant is refused with 64 and says what can, and no file is made",
        arguments: [
            (["--fields", "key,txt"], "there is no field \"txt\"; the fields are: key, state,"),
            (["--fields", "input.foo"], "input.id, input.topic, input.lang, input.n, input.place"),
            (["--where", "foo=1"], "no item has an input column \"foo\"; the columns are: id, topic, lang, n, place"),
            (["--where", "lang"], "--where"), (["--state", "done,odd"], "--state"), (["--format", "parquet"], "csv"),
            (["--csv-raw"], "--format csv"), (["--follow", "--format", "csv"], "--follow writes JSON Lines"),
            (["--follow"], "leave out --format and --output"),
        ]
    )
    func refuses(arguments: [String], words: String) async throws {
        let work = try await finishedJob()
        let export = await work.outcome(of: try work.start(["export", "job.yaml", "-o", "out.jsonl"] + arguments))
        #expect(export.status == 64, "\(export.errors)")
        #expect(export.errors.contains(words), "\(export.errors)")
        #expect(!work.exists("out.jsonl"))
    }

    @Test("images in answers become files beside the export, or where --media-dir says, for their owner alone")
    func writesMedia() async throws {
        let work = try await finishedJob()
        try await addImage(to: "c", in: work)
        let export = try await work.shell(
            "umask 022; $GB export job.yaml -o out.jsonl && ls -l out.jsonl.media; ls -ld *.media"
        )
        #expect(export.status == 0, "\(export.errors)")
        #expect(export.output.contains("-rw------- "))
        #expect(export.output.contains("drwx------ "))
        let line = try #require(work.read("out.jsonl").split(separator: "\n").last.map(String.init))
        let medium = try #require(try JSONValue(parsing: line)["media"]?.array?.first)
        #expect(try work.read(try #require(medium["path"]?.string)) == "hello")

        let inline = try #require(try await work.export().last)
        #expect(inline["parts"]?.array?[1]["inlineData"]?["data"] == "aGVsbG8=")
        #expect(try await work.export("-o", "/dev/stdout").last == inline)
        let named = try await work.export("--media-dir", "pictures")
        let path = try #require(named.last?["parts"]?.array?[1]["inlineData"]?["path"]?.string)
        #expect(path.hasPrefix("pictures/c-"))
        #expect(try work.read(path) == "hello")

        let table = try await work.genbatch("export", "job.yaml", "--format", "csv")
        #expect(table.errors.contains("1 answer with images or other data"), "\(table.errors)")
        #expect(table.errors.contains("--media-dir"))
        #expect(try await work.genbatch("export", "job.yaml", "-o", "out.csv").errors.isEmpty)
        #expect(try work.read("out.csv").contains("out.csv.media/c-"))

        #expect(try await work.shell("rm -r out.jsonl.media && ln -s pictures out.jsonl.media").status == 0)
        let linked = try await work.genbatch("export", "job.yaml", "-o", "out.jsonl")
        #expect(linked.status == 73)
        #expect(linked.errors.contains("it is a link"), "\(linked.errors)")
        #expect(try work.read("out.jsonl").hasSuffix(line + "\n"), "the old export stands")
    }

    @Test("the file that a run writes has the format of its name, and its media beside it")
    func writesAtTheEndOfRuns() async throws {
        let work = try await finishedJob()
        try await addImage(to: "a", in: work)
        #expect(try await work.genbatch("run", "job.yaml", "--quiet", "--output", "all/out.csv").status == 3)
        #expect(try work.read("all/out.csv").contains("out.csv.media/a-"))
        #expect(work.exists("all/out.csv.media"))
    }

    @Test("--follow writes what there is, then what comes, and ends with the run")
    func follows() async throws {
        let simulator = try await SimulatorProgram(["--first-chunk-latency", "1s"])
        let work = try Workspace(
            simulator,
            job: "model: m\nlimits: {concurrency: 1}\nprompts: [{id: a, prompt: x}, y, z]\n"
        )
        let run = try work.start("run", "job.yaml", "--json")
        _ = await run.output.firstLine { $0.contains("\"item_done\"") }
        let follow = try work.start("export", "job.yaml", "--follow", "--fields", "key")
        #expect(await follow.output.line(0) == #"{"key":"a"}"#)
        #expect(await run.ended().status == 0)
        let ended = await work.outcome(of: follow)
        #expect(ended.status == 0, "\(ended.errors)")
        let all = try await work.genbatch("export", "job.yaml", "--fields", "key")
        #expect(ended.output == all.output)
        #expect(all.output.split(separator: "\n").count == 3)
        #expect(try await work.genbatch("export", "job.yaml", "--fields", "key", "--follow").output == all.output)
    }

    @Test("--follow ends when nobody reads any more, though the run goes on")
    func stopsFollowing() async throws {
        let simulator = try await SimulatorProgram(
            script: #"{"rules": [{"match": "slow", "attempts": [1], "fault": {"kind": "stall"}}]}"#
        )
        let work = try Workspace(simulator, job: "model: m\nprompts: [first, slow]\n")
        let run = try work.start("run", "job.yaml", "--json")
        _ = await run.output.firstLine { $0.contains("\"item_done\"") }
        let head = try await work.shell("{ $GB export job.yaml --follow; echo status $? >&2; } | head -n 1")
        #expect(head.output.split(separator: "\n").count == 1)
        #expect(head.errors == "status 0\n")
        #expect(try await work.genbatch("status", "job.yaml", "--json").output.contains("\"running\":true"))
        run.send(SIGKILL)
        _ = await run.ended()
    }
}
