using System.Buffers;

namespace Sluice.Gateway.Tests.Mqtt;

/// <summary>Bytes as a pipe gives them when they came in several reads.</summary>
internal static class Pieces
{
    public static ReadOnlySequence<byte> Of(params byte[][] parts)
    {
        var first = new Piece(parts[0], null);
        Piece last = first;
        foreach (byte[] part in parts[1..])
            last = new Piece(part, last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    /// <summary>Pieces of one to eight bytes.</summary>
    public static ReadOnlySequence<byte> Of(byte[] bytes, Random random)
    {
        List<byte[]> parts = [];
        for (int at = 0, length; at < bytes.Length; at += length)
        {
            length = Math.Min(random.Next(1, 9), bytes.Length - at);
            parts.Add(bytes[at..(at + length)]);
        }
        return Of([.. parts]);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(byte[] bytes, Piece? before)
        {
            Memory = bytes;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
