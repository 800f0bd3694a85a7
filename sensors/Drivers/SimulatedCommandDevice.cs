using Sluice.Sensors.I2c;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Drivers;

/// <summary>A device that takes commands and gives words with checksums, as Sensirion's do; it does not acknowledge a read before there is an answer.</summary>
internal abstract class SimulatedCommandDevice : SimulatedI2cDevice
{
    private byte[]? _answer;

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        _answer = null;
        return Command(bytes);
    }

    public override bool Read(Span<byte> bytes)
    {
        if (_answer is not { } answer)
        {
            return false;
        }

        bytes.Fill(0xFF);
        answer.AsSpan(0, Math.Min(answer.Length, bytes.Length)).CopyTo(bytes);
        _answer = null;
        return true;
    }

    public override void Reset() => _answer = null;

    /// <summary>Does what a command says; false does not acknowledge it.</summary>
    protected abstract bool Command(ReadOnlySpan<byte> command);

    /// <summary>Gives bytes with the next read.</summary>
    protected bool Answer(byte[] bytes)
    {
        _answer = bytes;
        return true;
    }

    /// <summary>Gives words with the next read, each with its checksum.</summary>
    protected bool AnswerWords(params ReadOnlySpan<ushort> words)
    {
        byte[] bytes = new byte[words.Length * 3];
        for (int i = 0; i < words.Length; i++)
        {
            bytes[3 * i] = (byte)(words[i] >> 8);
            bytes[(3 * i) + 1] = (byte)words[i];
            bytes[(3 * i) + 2] = Crc8.Sensirion(bytes.AsSpan(3 * i, 2));
        }

        return Answer(bytes);
    }

    /// <summary>A part of a range as a 16-bit word.</summary>
    protected static ushort Scale(double value, double least, double span) =>
        (ushort)Math.Clamp(Math.Round((value - least) / span * 65535), 0, 65535);
}
