/// What was given back and is kept for the answers to come.
enum FreedMemory {
    private static let largestPiece = 4 << 20

    /// Has the allocator keep more of it; for runs.
    ///
    /// glibc keeps 128 KiB on top of each heap, until a piece that had a mapping of its own is given back: from then on twice the
    /// size of the largest of those (see M_MMAP_THRESHOLD in mallopt(3)). Answers that end together give back more than 128 KiB,
    /// and the next ones would take it again at once, with a page fault for every 4 KiB. Saying so by `mallopt` would end the
    /// adaption, which runs with large media need.
    static func keepForAnswers() {
        UnsafeMutableRawPointer.allocate(byteCount: largestPiece, alignment: 16).deallocate()
    }
}
