internal import GenbatchCLI

@main
struct Entry {
    static func main() async {
        await Genbatch.main()
    }
}
