/// Calls that keep something in memory, and what is wrong with them, for tests that make them in
/// states that the selftest does not know.
enum CallRows {
    static let table = Row.table("network-off", "addresses") + Row.table("network-off", "messages")

    private static let peer = "in:127.0.0.1:9"

    static let errors = [
        Row(
            "bind and connect: descriptor, socket, length, address", holding: ["udp", "tcp"],
            ["s=socket(AF_UNIX,SOCK_STREAM)"]
                + ["20", "21", "$s", "77", "0", "-1"].flatMap { socket in
                    ["bind", "connect"].flatMap { call in
                        [
                            "bad", "bad#0", "bad#1", "bad#0x7fffffff", "noaccess", "null",
                            "null#16",
                            "\(peer)#129", "\(peer)#-1", "\(peer)#0", "\(peer)#1",
                            "edge:\(peer)#17", "edge-noaccess:\(peer)#17", "edge:\(peer)#129",
                        ].map { "\(call)(\(socket),\($0))" }
                    }
                }),
        Row(
            "a descriptor opened with O_PATH is none",
            ["o=open(/,O_PATH)"]
                + [peer, "bad", "unix:x", "abstract:x", "\(peer)#129"].flatMap {
                    [
                        "bind($o,\($0))", "connect($o,\($0))", "sendto($o,hi,0,\($0))",
                        "sendmsg($o,\($0))", "sendmmsg($o,[\($0)])",
                    ]
                } + ["listen($o)", "sendto($o,hi)", "sendmsg($o)"]),
        Row(
            "sendto: buffer, length and address, descriptor", holding: ["udp", "tcp"],
            ["20", "21", "77", "0"].flatMap { socket in
                [
                    "bad", "bad#1", "noaccess", "\(peer)#129", "\(peer)#-1", "edge:\(peer)#17",
                    "edge-noaccess:\(peer)#17",
                ].map { "sendto(\(socket),hi,0,\($0))" }
            } + [
                "sendto(77,hi,0,\(peer))", "sendto(0,hi,0,\(peer))", "sendto(77,bad#-1,0,\(peer))",
                "sendto(20,bad,0,\(peer)) -> EPERM", "sendto(20,bad#-1,0,\(peer)) -> EPERM",
            ]),
        Row(
            "sendmsg: descriptor, header, name, vectors, control data", holding: ["udp", "tcp"],
            ["20", "77", "0"].flatMap { socket in
                [
                    "-,0,msg=bad", "-,0,msg=noaccess", "-,0,msg=null", "\(peer),0,msg=bad",
                    "\(peer),0,namelen=-1", "\(peer),0,namelen=-5,iov=bad", "bad,0,namelen=500",
                    "bad", "noaccess", "bad,0,iov=bad", "bad,0,iov=1025", "noaccess,0,iov=1025",
                    "edge:\(peer)#17", "edge-noaccess:\(peer)#17", "\(peer),0,iov=bad",
                    "\(peer),0,iov=noaccess", "\(peer),0,iov=1025", "\(peer),0,iov=-1",
                    "\(peer),0,data=hi#-1", "\(peer),0,control=bad", "\(peer),0,control=noaccess",
                    "\(peer),0,controllen=-1", "\(peer),0,iov=bad,control=bad",
                    "\(peer),0,control=bad,controllen=0x7fffffff",
                    "\(peer),0,control=bad,controllen=0x10000000",
                    "\(peer),0,control=bad,controllen=4", "\(peer),0,controllen=1000000",
                ].map { "sendmsg(\(socket),\($0))" }
            } + [
                "sendmsg(20,\(peer),0,iov=none) -> EPERM",
                "sendmsg(20,\(peer),0,data=bad) -> EPERM",
                "sendmsg(20,\(peer),0,namelen=500) -> EPERM",
                "sendmsg(20,\(peer),0,iov=1024) -> EPERM",
            ]),
        Row(
            "sendmmsg: every entry in turn", holding: ["udp-pair"],
            [
                "sendmmsg(20,[-],0,msg=bad)", "sendmmsg(20,[-],0,msg=noaccess)",
                "sendmmsg(20,[-],0,msg=null)", "sendmmsg(77,[-],0,msg=bad)",
                "sendmmsg(0,[-],0,msg=bad)", "sendmmsg(77,[])", "sendmmsg(0,[])",
                "sendmmsg(20,[-;-],0,msg=edge,vlen=5)", "recv(21)",
                "sendmmsg(20,[-;-],0,msg=edge-noaccess,vlen=5)",
                "sendmmsg(20,[-;-],0,msg=edge,vlen=1000000)",
                "sendmmsg(20,[-;bad;-])", "sendmmsg(20,[-;noaccess;\(peer)])",
                "sendmmsg(20,[bad;\(peer)])", "sendmmsg(20,[-;edge:\(peer)#17])",
                "sendmmsg(20,[\(peer)],0,msg=edge,vlen=1000000) -> EPERM",
            ]),
        Row(
            "a million entries are as many as the kernel takes",
            [
                "r=socket(AF_UNIX,SOCK_DGRAM)", "bind($r,unix:there)",
                "d=socket(AF_UNIX,SOCK_DGRAM)",
                "sendmmsg($d,[unix:there;bad],MSG_DONTWAIT,vlen=1000000)",
                "sendmmsg($d,[unix:missing],0,vlen=-1)",
            ]),
        Row(
            "socketpair: flags, memory, family and type",
            [
                "raw(53,AF_INET,0x100,0,bad)", "raw(53,AF_INET,SOCK_STREAM,0,bad)",
                "raw(53,AF_UNIX,SOCK_STREAM,0,bad)", "raw(53,46,SOCK_STREAM,0,bad)",
                "raw(53,AF_INET,11,0,noaccess)", "i386:360(AF_INET,SOCK_STREAM,0,bad)",
                "i386:360(46,SOCK_STREAM,0,noaccess)", "i386:102(8,bad)", "i386:102(1,noaccess)",
                "i386:102(99,bad)", "i386:102(0,bad)", "i386:102(3,null)",
            ]),
    ]
}
