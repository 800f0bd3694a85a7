namespace Sluice.Simulation.Disk;

/// <summary>
/// A file's bytes as the process sees them, as they are on the disk, and the changes between the two. A sync takes the changes to the disk in
/// order; a power cut takes any part of them, sector by sector.
/// </summary>
internal sealed class Inode
{
    /// <summary>What the disk writes whole or not at all.</summary>
    public const int SectorSize = 512;

    /// <summary>Bytes written, or, without bytes, the length set.</summary>
    private readonly record struct Change(long Offset, byte[]? Bytes);

    private readonly List<Change> _unsynced = [];
    private byte[] _current = [];
    private byte[] _durable = [];

    public int Length { get; private set; }

    public int DurableLength { get; private set; }

    public ReadOnlySpan<byte> Current => _current.AsSpan(0, Length);

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        Length = Put(ref _current, Length, bytes, offset);
        _unsynced.Add(new Change(offset, bytes.ToArray()));
    }

    public void SetLength(long length)
    {
        Length = Resize(ref _current, Length, length);
        _unsynced.Add(new Change(length, null));
    }

    public void Sync()
    {
        foreach (Change change in _unsynced)
        {
            DurableLength = change.Bytes is { } bytes
                ? Put(ref _durable, DurableLength, bytes, change.Offset)
                : Resize(ref _durable, DurableLength, change.Offset);
        }

        _unsynced.Clear();
    }

    /// <summary>
    /// A sync that fails: some of the changes got to the disk, the others never will, and the kernel forgets that it has not written them.
    /// </summary>
    public void FailSync(Random random)
    {
        KeepSome(random);
        _unsynced.Clear();
    }

    /// <summary>The power goes: what is found afterwards is what was synced and any part of the rest.</summary>
    public void LosePower(Random random)
    {
        KeepSome(random);
        Restart();
    }

    /// <summary>What the process sees becomes what is on the disk: it was killed, and the system had the time to write everything.</summary>
    public void KeepAll() => Sync();

    /// <summary>Flips bits in place, on the disk and in the cache. Again with the same mask undoes it.</summary>
    public void Flip(int offset, byte mask)
    {
        _current[offset] ^= mask;
        _durable[offset] ^= mask;
    }

    private void KeepSome(Random random)
    {
        // All, none, or each sector by itself: real disks are seen to do each.
        int manner = random.Next(4);
        foreach (Change change in _unsynced)
        {
            bool whole = manner switch { 0 => false, 1 => true, _ => random.Next(2) == 0 };
            if (change.Bytes is not { } bytes)
            {
                if (whole)
                {
                    DurableLength = Resize(ref _durable, DurableLength, change.Offset);
                }
                else if (change.Offset < DurableLength)
                {
                    // File systems keep the order of a cut and of what is then written in its place.
                    return;
                }

                continue;
            }

            if (whole || manner == 0)
            {
                DurableLength = whole ? Put(ref _durable, DurableLength, bytes, change.Offset) : DurableLength;
                continue;
            }

            for (long at = change.Offset; at < change.Offset + bytes.Length;)
            {
                long end = Math.Min(((at / SectorSize) + 1) * SectorSize, change.Offset + bytes.Length);
                if (random.Next(2) == 0)
                {
                    DurableLength = Put(ref _durable, DurableLength, bytes.AsSpan((int)(at - change.Offset), (int)(end - at)), at);
                }

                at = end;
            }
        }
    }

    private void Restart()
    {
        _unsynced.Clear();
        _current = _durable.AsSpan(0, DurableLength).ToArray();
        _durable = (byte[])_current.Clone();
        Length = DurableLength;
    }

    private static int Put(ref byte[] target, int length, ReadOnlySpan<byte> bytes, long offset)
    {
        int end = checked((int)(offset + bytes.Length));
        Reserve(ref target, end);
        bytes.CopyTo(target.AsSpan((int)offset));
        return Math.Max(length, end);
    }

    private static int Resize(ref byte[] target, int length, long newLength)
    {
        int wanted = checked((int)newLength);
        Reserve(ref target, wanted);
        if (wanted < length)
        {
            target.AsSpan(wanted, length - wanted).Clear();
        }

        return wanted;
    }

    private static void Reserve(ref byte[] target, int length)
    {
        if (target.Length < length)
        {
            Array.Resize(ref target, Math.Max(length, target.Length * 2));
        }
    }
}
