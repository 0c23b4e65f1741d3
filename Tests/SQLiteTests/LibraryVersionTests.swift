import SQLite
import Testing

@Suite("The version of SQLite")
struct LibraryVersionTests {
    @Test(
        "versions with the bug of two writers are told from those where it is mended",
        arguments: [
            (LibraryVersion(3, 40, 1), true), (LibraryVersion(3, 44, 5), true), (LibraryVersion(3, 44, 6), false),
            (LibraryVersion(3, 50, 6), true), (LibraryVersion(3, 50, 7), false), (LibraryVersion(3, 51, 2), true),
            (LibraryVersion(3, 51, 3), false), (LibraryVersion(3, 53), false),
        ]
    )
    func knowsBug(version: LibraryVersion, hasBug: Bool) {
        #expect(version.hasLogResetBug == hasBug)
    }

    @Test("the library that is linked can hold a checkpoint")
    func isUsable() {
        #expect(LibraryVersion.linked >= .oldestUsable)
        #expect(LibraryVersion.linked.description.hasPrefix("3."))
    }
}
