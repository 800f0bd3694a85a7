using System.Buffers;

namespace Sluice.Gateway.Ingress;

/// <summary>
/// A pooled block that holds the payloads of consecutive messages of one producer, so that a message costs a reference
/// count and not a buffer.
/// <para>
/// Owner rules: the producer fills it (<see cref="TryAppend"/>) and holds one reference until it turns to the next slab;
/// each message appended holds one more, given back by <see cref="IngressMessage.Complete"/>. The last one returns the
/// array to the pool. Appending is for the producer's thread only, releasing for any.
/// </para>
/// </summary>
public sealed class PayloadSlab
{
    /// <summary>Bytes of an ordinary slab: some hundred readings, small enough that a slow message pins little.</summary>
    public const int DefaultSizeBytes = 16 * 1024;

    private byte[]? _array;
    private int _used;
    private int _references = 1;

    /// <param name="sizeBytes">At least this many bytes can be appended.</param>
    public PayloadSlab(int sizeBytes = DefaultSizeBytes)
    {
        _array = ArrayPool<byte>.Shared.Rent(sizeBytes);
    }

    /// <summary>Copies a payload in and takes a reference for it. False, and no reference, when there is no room.</summary>
    public bool TryAppend(ReadOnlySpan<byte> payload, out ReadOnlyMemory<byte> stored)
    {
        byte[] array = _array ?? throw new ObjectDisposedException(nameof(PayloadSlab));
        if (array.Length - _used < payload.Length)
        {
            stored = default;
            return false;
        }
        payload.CopyTo(array.AsSpan(_used));
        stored = array.AsMemory(_used, payload.Length);
        _used += payload.Length;
        Interlocked.Increment(ref _references);
        return true;
    }

    /// <summary>Gives one reference back.</summary>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        if (left == 0)
        {
            byte[]? array = _array;
            _array = null;
            ArrayPool<byte>.Shared.Return(array!);
        }
        else if (left < 0)
        {
            throw new InvalidOperationException("A payload slab was released more often than it was taken: a message was completed twice.");
        }
    }
}
