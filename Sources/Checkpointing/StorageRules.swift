package import SQLite

/// What the disk of a checkpoint has to be like for a run.
package struct StorageRules: Sendable {
    /// Whether a file system of the network is good enough.
    package var allowsNetworkFileSystem = false
    /// How much has to be free, before the checkpoint is opened and before each commit; told the size of the disk.
    ///
    /// A disk that is full to the last block is not only refused writes: where blocks are smaller than pages of memory,
    /// touching the index of the log, which is mapped, ends the process.
    package var floor: @Sendable (_ totalBytes: Int64) -> Int64 = { min(64 << 20, $0 / 100) }
    /// What the system says about the place of a file; tests say it themselves.
    package var fileSystem: @Sendable (_ path: String) -> FileSystem? = { FileSystem.of($0) }

    package init() {}

    /// - Throws: ``CheckpointError/Kind/networkFileSystem`` or ``CheckpointError/Kind/diskFull``.
    func check(_ path: String) throws(CheckpointError) {
        guard let found = fileSystem(path) else { return }
        if let name = found.networkName, !allowsNetworkFileSystem {
            throw .networkFileSystem(name, path: path)
        }
        try checkSpace(found, path: path)
    }

    /// Whether there is too little room even to read a checkpoint with its log.
    func checkReading(_ path: String) throws(CheckpointError) {
        if hasSmallBlocks(path) {
            try checkSpace(path)
        }
    }

    /// Whether blocks are smaller than the pages of the index of the log, so that not all of a page may have room.
    func hasSmallBlocks(_ path: String) -> Bool {
        fileSystem(path).map { $0.blockBytes < 4096 } ?? false
    }

    func checkSpace(_ path: String) throws(CheckpointError) {
        guard let found = fileSystem(path) else { return }
        try checkSpace(found, path: path)
    }

    private func checkSpace(_ found: FileSystem, path: String) throws(CheckpointError) {
        let floor = floor(found.totalBytes)
        guard found.freeBytes >= floor else {
            throw .belowFloor(free: found.freeBytes, floor: floor, path: path)
        }
    }
}
