using Sluice.Gateway.Hosting;

namespace Sluice.Gateway.Mqtt.Security;

/// <summary>
/// What some files hold (users, certificates), read anew when one of them has changed. What was read last stays when the new one is wrong: a slip while the gateway
/// runs locks nobody out. Files are looked at when the value is asked for, at most once a second. Any thread.
/// </summary>
/// <typeparam name="T">Immutable.</typeparam>
internal sealed class ReloadedFile<T>
    where T : class
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly string[] _paths;
    private readonly Func<T> _read;
    private readonly Action<string> _reloaded;
    private readonly Action<string, Exception> _failed;
    private readonly TimeProvider _time;
    private T _value;
    private DateTime[] _changed;
    private long _lookedAt;

    /// <param name="paths">The files.</param>
    /// <param name="read">Reads them; throws when they are wrong, at the beginning to the caller.</param>
    /// <param name="reloaded">Told, with the files' names, that they were read anew.</param>
    /// <param name="failed">Told that they cannot be.</param>
    /// <param name="time">The clock.</param>
    public ReloadedFile(string[] paths, Func<T> read, Action<string> reloaded, Action<string, Exception> failed, TimeProvider time)
    {
        _paths = paths;
        _read = read;
        _reloaded = reloaded;
        _failed = failed;
        _time = time;
        _changed = LastWrites();
        _lookedAt = time.GetTimestamp();
        _value = read();
    }

    public T Value
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_lookedAt) >= Pause)
                {
                    _lookedAt = _time.GetTimestamp();
                    ReadIfChanged();
                }

                return _value;
            }
        }
    }

    private void ReadIfChanged()
    {
        DateTime[] now = LastWrites();
        if (now.AsSpan().SequenceEqual(_changed))
        {
            return;
        }

        _changed = now;
        string names = string.Join(", ", _paths);
        try
        {
            _value = _read();
            _reloaded(names);
        }
        catch (Exception e) when (e is GatewayException or IOException or UnauthorizedAccessException)
        {
            _failed(names, e);
        }
    }

    private DateTime[] LastWrites() => [.. _paths.Select(File.GetLastWriteTimeUtc)];
}
