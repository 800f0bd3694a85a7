using System.Buffers;

namespace Sluice.Gateway.Mqtt.Broker;

/// <summary>
/// A growing write buffer that holds pooled memory only while there is something in it, so that an idle connection owns
/// none. Not thread-safe. <see cref="Release"/> gives the memory back; the buffer can be used again afterwards.
/// </summary>
internal sealed class PooledBuffer : IBufferWriter<byte>
{
    private byte[] _array = [];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, Length);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _array.AsSpan(Length);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    public void Clear() => Length = 0;

    public void Release()
    {
        Length = 0;
        if (_array.Length == 0)
            return;
        ArrayPool<byte>.Shared.Return(_array);
        _array = [];
    }

    private void Ensure(int sizeHint)
    {
        int wanted = Length + Math.Max(sizeHint, 1);
        if (wanted <= _array.Length)
            return;
        byte[] grown = ArrayPool<byte>.Shared.Rent(Math.Max(wanted, Math.Max(512, _array.Length * 2)));
        Written.Span.CopyTo(grown);
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = grown;
    }
}
