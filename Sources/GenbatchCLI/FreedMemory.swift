internal import CMalloc

/// What was given back and is kept for the answers to come.
enum FreedMemory {
    /// Bytes of it at most, on each thread.
    private static let kept: Int32 = 8 << 20
    /// Pieces that are larger than this go back to the system one by one.
    private static let largestPiece: Int32 = 4 << 20

    /// Has the allocator keep more of it; for runs.
    ///
    /// glibc alone keeps 128 KiB. Answers that end together give back more than that, and the next ones would take it again at
    /// once, with a page fault for every 4 KiB.
    static func keepForAnswers() {
        #if canImport(Glibc)
            mallopt(M_TRIM_THRESHOLD, kept)
            mallopt(M_MMAP_THRESHOLD, largestPiece)
        #endif
    }
}
