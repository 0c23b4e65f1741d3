import Foundation
import Terminal

/// A pair of pseudo-terminal ends: the program's, and the one from which the test reads what a user would see.
final class PseudoTerminal {
    struct Failure: Error {
        let call: String
        let code: Int32
    }

    private let master: Int32
    private var slave: Int32

    init(columns: Int, rows: Int) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        guard master >= 0, let name = Self.unlock(master) else { throw Failure(call: "open", code: errno) }
        slave = open(name, O_RDWR | O_NOCTTY)
        guard slave >= 0 else { throw Failure(call: "open", code: errno) }
        try resize(columns: columns, rows: rows)
    }

    deinit {
        hangUp()
        close(master)
    }

    var descriptor: Int32 { slave }

    /// Makes the other end usable and tells its path.
    private static func unlock(_ master: Int32) -> String? {
        #if os(Linux)
            // What unlockpt and ptsname do; Swift sees neither of them, nor the names of these two requests:
            // TIOCSPTLCK and TIOCGPTN.
            var isLocked: Int32 = 0
            var number: UInt32 = 0
            guard ioctl(master, 0x4004_5431, &isLocked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
                return nil
            }
            return "/dev/pts/\(number)"
        #else
            guard grantpt(master) == 0, unlockpt(master) == 0 else { return nil }
            return ptsname(master).map { String(cString: $0) }
        #endif
    }

    func resize(columns: Int, rows: Int) throws {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        guard ioctl(master, UInt(TIOCSWINSZ), &size) == 0 else { throw Failure(call: "ioctl", code: errno) }
    }

    /// Reads until a mark has come; what a frame writes is far smaller than the terminal's buffer.
    func read(until mark: String) throws -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(mark.utf8.count).elementsEqual(mark.utf8) {
            var byte: UInt8 = 0
            guard Foundation.read(master, &byte, 1) == 1 else { throw Failure(call: "read", code: errno) }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Closes the program's end.
    func hangUp() {
        if slave >= 0 { close(slave) }
        slave = -1
    }
}
