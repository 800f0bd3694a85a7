namespace Sluice.Gateway;

/// <summary>The log messages of the gateway's rooms but MQTT's: event ids 2000 to 2999. An id, once given, keeps its meaning.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(2000, LogLevel.Information, "gateway {Id} runs: {Readings} readings are in the database, started in {ElapsedMs} ms")]
    public static partial void Started(ILogger log, string id, long readings, long elapsedMs);

    [LoggerMessage(2001, LogLevel.Information, "stopping: storing what has been taken")]
    public static partial void Stopping(ILogger log);

    [LoggerMessage(2002, LogLevel.Information, "stopped: {Readings} readings stored since the start, the database is closed")]
    public static partial void Stopped(ILogger log, long readings);

    [LoggerMessage(2003, LogLevel.Error, "{Room} did not stop cleanly; what was acknowledged is in the redo log, and the next start recovers it")]
    public static partial void StopFailed(ILogger log, string room, Exception reason);

    [LoggerMessage(2004, LogLevel.Warning, "other processes cannot work on the database while the gateway runs: {Reason}")]
    public static partial void NotShared(ILogger log, string reason);

    [LoggerMessage(2005, LogLevel.Error, "stopped: {Readings} readings stored since the start; the database had failed, what was acknowledged is in its file and redo log, and the next start recovers it")]
    public static partial void StoppedFailed(ILogger log, long readings);

    [LoggerMessage(2100, LogLevel.Error, "storage: readings cannot be stored and are refused to their senders: {Reason}")]
    public static partial void StorageFailed(ILogger log, string reason);

    [LoggerMessage(2101, LogLevel.Information, "storage: readings are stored again, they were not since {Since:HH:mm:ss}")]
    public static partial void StorageWorks(ILogger log, DateTimeOffset since);

    [LoggerMessage(2102, LogLevel.Error, "storage: an error of the gateway itself, {Messages} messages were refused to their senders")]
    public static partial void BatchFault(ILogger log, int messages, Exception exception);

    [LoggerMessage(2103, LogLevel.Error, "storage: the database cannot be opened anew, and trying again is no use: {Reason}")]
    public static partial void StorageGivenUp(ILogger log, string reason);

    [LoggerMessage(2200, LogLevel.Information, "sync {Name}: connected to {Upstream}, {Backlog} readings to send")]
    public static partial void UpstreamConnected(ILogger log, string name, string upstream, long backlog);

    [LoggerMessage(2201, LogLevel.Warning, "sync {Name}: {Upstream} is away, trying again with growing pauses up to {MaximumSeconds} s: {Reason}")]
    public static partial void UpstreamAway(ILogger log, string name, string upstream, double maximumSeconds, string reason);

    [LoggerMessage(2202, LogLevel.Information, "sync {Name}: {Upstream} is back after {Away}, {Backlog} readings to send")]
    public static partial void UpstreamBack(ILogger log, string name, string upstream, TimeSpan away, long backlog);

    [LoggerMessage(2203, LogLevel.Debug, "sync {Name}: sent {Rows} readings up to id {LastId}")]
    public static partial void BatchSent(ILogger log, string name, int rows, long lastId);

    [LoggerMessage(2204, LogLevel.Error, "sync {Name}: an error of the gateway itself")]
    public static partial void UpstreamFault(ILogger log, string name, Exception exception);

    [LoggerMessage(2300, LogLevel.Warning, "sensor {Sensor}: cannot be read: {Reason}")]
    public static partial void SensorFailed(ILogger log, string sensor, string reason);

    [LoggerMessage(2301, LogLevel.Information, "sensor {Sensor}: is read again; {Failures} of its turns failed since the start")]
    public static partial void SensorWorks(ILogger log, string sensor, long failures);

    [LoggerMessage(2303, LogLevel.Warning, "sensor {Sensor}: its reads do not end, its latest value is old")]
    public static partial void SensorStale(ILogger log, string sensor);

    [LoggerMessage(2305, LogLevel.Warning, "sensor {Sensor}: goes back and forth, {Changes} changes were neither logged nor stored")]
    public static partial void SensorFlaps(ILogger log, string sensor, long changes);

    [LoggerMessage(2304, LogLevel.Information, "sensor {Sensor}: goes on from {Value}, as stored last")]
    public static partial void SensorRestored(ILogger log, string sensor, long value);

    [LoggerMessage(2310, LogLevel.Information, "actuator {Actuator}: {State} ({Reason})")]
    public static partial void ActuatorChanged(ILogger log, string actuator, string state, string reason);

    [LoggerMessage(2311, LogLevel.Warning, "actuator {Actuator}: command refused: {Reason} ({Others} others were refused without a line)")]
    public static partial void ActuatorRefused(ILogger log, string actuator, string reason, long others);

    [LoggerMessage(2312, LogLevel.Warning, "actuator {Actuator}: cannot be set: {Reason}")]
    public static partial void ActuatorFailed(ILogger log, string actuator, string reason);

    [LoggerMessage(2302, LogLevel.Warning, "sensors: the writers are full, the oldest readings of sensors are dropped: {Dropped} since the last such line")]
    public static partial void SensorsDropping(ILogger log, long dropped);
}
