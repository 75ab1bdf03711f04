import Glibc
import SuperviseAudit

extension Timestamp {
    /// This moment.
    static func now() -> Timestamp {
        var time = timespec()
        // CLOCK_REALTIME is always there.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }
}
