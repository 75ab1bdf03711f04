/// A service on an AF_UNIX socket that can use the network in the name of who asks.
public enum NetworkHelper: String, CaseIterable, Hashable, Sendable {
    /// Docker, Podman, containerd, CRI-O, LXD, Incus, libvirt: starts programs of any kind.
    case containerEngine = "a container engine"
    /// A service manager: starts programs of any kind.
    case serviceManager = "a service manager"
    /// D-Bus: reaches every service that listens on it.
    case messageBus = "D-Bus"
    /// nscd, systemd-resolved, Avahi, SSSD, dirmngr: asks the network for names.
    case resolver = "a resolver"
    /// X or Wayland: other programs' windows, and for X their keyboards.
    case display = "a display"

    /// The helper that an address belongs to, by the places where distributions put them.
    ///
    /// A socket anywhere else is not known: this warns, it does not guard.
    public init?(at address: SocketAddress) {
        switch address {
        case .unix(.path(var path)):
            // /var/run is a link to /run.
            if path.starts(with: "/var/run/".utf8) { path.removeFirst(4) }
            guard let known = Self.paths.first(where: { $0.glob.matches(path) }) else { return nil }
            self = known.helper
        case .unix(.abstract(let name)):
            if name.starts(with: "/tmp/.X11-unix/".utf8) {
                self = .display
            } else if name.starts(with: "/tmp/dbus-".utf8) {
                self = .messageBus
            } else {
                return nil
            }
        default:
            return nil
        }
    }

    /// What it can do, as a sentence goes on.
    public var reach: String {
        switch self {
        case .containerEngine, .serviceManager: "it runs programs that no policy holds"
        case .messageBus: "its services may use the network for who asks"
        case .resolver: "it looks names up on the network for who asks"
        case .display: "it reaches the windows of other programs"
        }
    }

    private static let paths: [(glob: Glob, helper: NetworkHelper)] = [
        ("**/docker.sock", .containerEngine), ("**/podman.sock", .containerEngine),
        ("/run/containerd/**", .containerEngine), ("/run/crio/**", .containerEngine),
        ("/run/buildkit/**", .containerEngine), ("/var/lib/lxd/**", .containerEngine),
        ("/var/lib/incus/**", .containerEngine), ("/run/libvirt/**", .containerEngine),
        ("/run/systemd/private", .serviceManager), ("/run/user/*/systemd/**", .serviceManager),
        ("/run/snapd*.socket", .serviceManager),
        ("/run/dbus/**", .messageBus), ("/run/user/*/bus", .messageBus),
        ("/tmp/dbus-*", .messageBus),
        ("/run/nscd/**", .resolver), ("/run/systemd/resolve/**", .resolver),
        ("/run/avahi-daemon/**", .resolver), ("/var/lib/sss/pipes/**", .resolver),
        ("**/S.dirmngr", .resolver),
        ("/tmp/.X11-unix/*", .display), ("/run/user/*/wayland-*", .display),
    ].compactMap { text, helper in
        (try? Glob(parsing: Array(text.utf8)[...])).map { ($0, helper) }
    }
}
