namespace Sluice.Engine.Format;

/// <summary>The bytes of a record: a slice of an array that does not change (a page image, or an assembled overflow chain).</summary>
public readonly record struct Payload(byte[] Buffer, int Offset, int Length)
{
    public ReadOnlySpan<byte> Span => new(Buffer, Offset, Length);
}
