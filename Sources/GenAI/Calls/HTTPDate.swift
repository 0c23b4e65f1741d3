#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A moment as HTTP's `Date` writes it.
func httpDate(_ unixSeconds: Int64) -> String {
    var seconds = time_t(unixSeconds)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The seconds since 1970 of a moment as HTTP's `Date` writes it; `nil` if the text is none, or in a form that servers
/// have not been allowed to send since 1999.
func unixSeconds(httpDate text: String) -> Int64? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, words[0].count == 4, words[0].hasSuffix(","), words[5] == "GMT" else { return nil }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let time = words[4].split(separator: ":", omittingEmptySubsequences: false)
    guard let month = months.firstIndex(of: String(words[2])), time.count == 3,
        let day = number(words[1], digits: 2), (1...31).contains(day), let year = number(words[3], digits: 4),
        let hour = number(time[0], digits: 2), hour < 24, let minute = number(time[1], digits: 2), minute < 60,
        let second = number(time[2], digits: 2), second <= 60
    else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(year - 1900), Int32(month), Int32(day))
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
    return Int64(timegm(&parts))
}

private func number(_ text: Substring, digits: Int) -> Int? {
    text.utf8.count == digits && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
}
