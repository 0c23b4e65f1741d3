import BatchCore
import Checkpointing
import SQLite
import Testing

@Suite("The list of uploaded media")
struct UploadTests {
    private let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private func upload(
        _ sha256: String = "abc",
        _ mimeType: String = "video/mp4",
        account: String = "a",
        name: String = "files/1",
        expiresAt: Int64 = 4_000_000_000_000
    ) -> MediaUpload {
        MediaUpload(
            key: MediaUpload.Key(sha256: sha256, mimeType: mimeType, account: account),
            name: name,
            uri: "https://files.example/v1beta/\(name)",
            size: 25_000_000,
            expiresAtMilliseconds: expiresAt
        )
    }

    @Test("an upload is known to the next run, under its bytes, its type and its account alone")
    func isKept() async throws {
        let kept = upload()
        try await fixture.run([]) { checkpoint in
            #expect(try await checkpoint.upload(for: kept.key) == nil)
            try await checkpoint.keep(kept)
        }
        try await fixture.run([]) { checkpoint in
            let known = try await checkpoint.upload(for: kept.key)
            #expect(known == kept)
            for other in [upload("abd"), upload("abc", "video/mpeg"), upload(account: "b")] {
                let unknown = try await checkpoint.upload(for: other.key)
                #expect(unknown == nil)
            }
        }
    }

    @Test("an upload takes the place of the one before")
    func isReplaced() async throws {
        let first = upload()
        let second = upload(name: "files/2", expiresAt: 5_000_000_000_000)
        try await fixture.run([]) { checkpoint in
            try await checkpoint.keep(first)
            try await checkpoint.keep(second)
            #expect(try await checkpoint.upload(for: first.key) == second)
        }
        #expect(try fixture.value("SELECT count(*) FROM upload") == 1)
    }

    @Test("what the server has deleted meanwhile leaves the list with the next upload")
    func isTidiedUp() async throws {
        try await fixture.run([]) { checkpoint in
            try await checkpoint.keep(upload("old", expiresAt: 1))
            try await checkpoint.keep(upload("new"))
        }
        #expect(try fixture.value("SELECT group_concat(sha256) FROM upload") == "new")
    }

    @Test("a closed checkpoint refuses and does not wait")
    func isClosed() async throws {
        let checkpoint = try fixture.open()
        await checkpoint.close()
        let error = await #expect(throws: CheckpointError.self) { try await checkpoint.keep(upload()) }
        #expect(error?.kind == .closed)
    }
}
