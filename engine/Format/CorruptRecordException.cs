namespace Sluice.Engine.Format;

/// <summary>
/// A record whose bytes cannot be what they should be. The codec knows the reason only; whoever knows the file and the
/// place turns it into a <see cref="CorruptFileException"/> with <see cref="At"/>.
/// </summary>
public sealed class CorruptRecordException(string reason)
    : SluiceException(ResultCode.Corrupt, $"database disk image is malformed: record: {reason}")
{
    public string Reason { get; } = reason;

    public CorruptFileException At(string path, string place) => new(path, place, $"record: {Reason}");
}
