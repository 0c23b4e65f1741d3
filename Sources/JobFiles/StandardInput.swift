internal import Synchronization

/// Standard input, which has only one reading.
final class StandardInput: Sendable {
    private let descriptor: Int32
    private let isClaimed = Atomic(false)

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Hands the input out, once.
    func claim() throws(FileProblem) -> InputFile {
        guard !isClaimed.exchange(true, ordering: .relaxed) else {
            throw FileProblem("standard input was read already; save the data to a file and name the file")
        }
        return InputFile(descriptor: descriptor, name: "standard input")
    }
}
