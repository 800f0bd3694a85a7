using System.Buffers.Binary;

namespace Sluice.Engine.Log;

// Records within a batch. Varints are little-endian base 128; rowids are zigzag encoded first.
//   Commit   type u8 = 1 | body length varint | row operations
//            operation: 1 put | root varint | rowid varint | record length varint | record
//                       2 delete | root varint | rowid varint
//   Base     type u8 = 2 | timestamp u64 | change counter u32 | page count u32
//   Intent   type u8 = 3 | from u64 | counter before u32 | to u64 | counter after u32 | page count after u32
//   Done     type u8 = 4 | timestamp u64
internal enum LogRecordType : byte
{
    Commit = 1,

    /// <summary>The log begins here: all commits up to the timestamp are in a page file with this change counter.</summary>
    Base = 2,

    /// <summary>
    /// A page commit is about to take the page file from "all commits up to From" to "all up to To". It happened if the page file has the
    /// counter after. (A page commit that fails leaves its note behind; the last note with a counter is the one that counts.)
    /// </summary>
    Intent = 3,

    /// <summary>The page file holds all commits up to the timestamp, for certain.</summary>
    Done = 4,
}

/// <summary>The state of a page file, told by its change counter and size.</summary>
internal readonly record struct FileMark(uint ChangeCounter, uint PageCount);

/// <summary>See <see cref="LogRecordType.Intent"/>.</summary>
internal readonly record struct CheckpointIntent(long From, uint CounterBefore, long To, FileMark After);

/// <summary>Builds the redo record of one commit, or a note. Reused by its owner; not safe for several threads.</summary>
internal sealed class RedoBuilder
{
    /// <summary>A buffer that grew past this for one large transaction is not kept for the next; bulk loads of some ten thousand rows a transaction stay below.</summary>
    private const int KeptBytes = 1 << 20;

    // Room before the body for the record's type and the longest length.
    private const int Prefix = 1 + 5;

    private byte[] _buffer = new byte[512];
    private int _length = Prefix;

    public void Clear()
    {
        _length = Prefix;
        if (_buffer.Length > KeptBytes)
        {
            _buffer = new byte[512];
        }
    }

    public void Put(uint root, long rowid, ReadOnlySpan<byte> record)
    {
        Reserve(1 + 5 + 10 + 5 + record.Length);
        _buffer[_length++] = RedoReader.PutOperation;
        WriteVarint(root);
        WriteVarint(ZigZag(rowid));
        WriteVarint((uint)record.Length);
        record.CopyTo(_buffer.AsSpan(_length));
        _length += record.Length;
    }

    public void Delete(uint root, long rowid)
    {
        Reserve(1 + 5 + 10);
        _buffer[_length++] = RedoReader.DeleteOperation;
        WriteVarint(root);
        WriteVarint(ZigZag(rowid));
    }

    /// <summary>The whole commit record; valid until the builder is used again.</summary>
    public ReadOnlySpan<byte> FinishCommit()
    {
        int body = _length - Prefix;
        Span<byte> length = stackalloc byte[5];
        int lengthBytes = 0;
        uint rest = (uint)body;
        do
        {
            length[lengthBytes++] = (byte)(rest > 0x7f ? rest | 0x80 : rest);
            rest >>= 7;
        }
        while (rest != 0);
        int start = Prefix - lengthBytes - 1;
        _buffer[start] = (byte)LogRecordType.Commit;
        length[..lengthBytes].CopyTo(_buffer.AsSpan(start + 1));
        return _buffer.AsSpan(start, _length - start);
    }

    public static byte[] Base(long timestamp, FileMark mark)
    {
        byte[] record = new byte[17];
        record[0] = (byte)LogRecordType.Base;
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(1), timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(record.AsSpan(9), mark.ChangeCounter);
        BinaryPrimitives.WriteUInt32BigEndian(record.AsSpan(13), mark.PageCount);
        return record;
    }

    public static byte[] Intent(in CheckpointIntent intent)
    {
        byte[] record = new byte[29];
        record[0] = (byte)LogRecordType.Intent;
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(1), intent.From);
        BinaryPrimitives.WriteUInt32BigEndian(record.AsSpan(9), intent.CounterBefore);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(13), intent.To);
        BinaryPrimitives.WriteUInt32BigEndian(record.AsSpan(21), intent.After.ChangeCounter);
        BinaryPrimitives.WriteUInt32BigEndian(record.AsSpan(25), intent.After.PageCount);
        return record;
    }

    public static byte[] Done(long timestamp)
    {
        byte[] record = new byte[9];
        record[0] = (byte)LogRecordType.Done;
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(1), timestamp);
        return record;
    }

    internal static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    internal static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    private void WriteVarint(ulong value)
    {
        while (value > 0x7f)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[_length++] = (byte)value;
    }

    private void Reserve(int more)
    {
        long needed = (long)_length + more;
        if (needed > LogFormat.MaxPayloadBytes)
        {
            throw new SluiceException(
                ResultCode.TooBig,
                $"the transaction changes more than {LogFormat.MaxPayloadBytes} bytes; split it, or use BEGIN EXCLUSIVE, which writes pages directly");
        }

        if (needed > _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Min(Math.Max(needed, _buffer.Length * 2L), LogFormat.MaxPayloadBytes));
        }
    }
}

/// <summary>
/// Reads the records of a batch's payload one after the other. The batch's checksum was right, so anything unreadable is
/// an error of the program that wrote it; it is told as corruption all the same.
/// </summary>
internal ref struct RedoReader(ReadOnlySpan<byte> payload, string path, long offset)
{
    internal const byte PutOperation = 1;
    internal const byte DeleteOperation = 2;

    private readonly ReadOnlySpan<byte> _payload = payload;
    private int _position;
    private ReadOnlySpan<byte> _body;
    private int _bodyPosition;

    public LogRecordType Type { get; private set; }

    /// <summary>Moves to the next record; false at the end.</summary>
    public bool NextRecord()
    {
        if (_position == _payload.Length)
        {
            return false;
        }

        Type = (LogRecordType)_payload[_position++];
        int length = Type switch
        {
            LogRecordType.Commit => checked((int)ReadVarint(_payload, ref _position)),
            LogRecordType.Base => 16,
            LogRecordType.Intent => 28,
            LogRecordType.Done => 8,
            _ => throw Corrupt($"unknown record type {(byte)Type}"),
        };
        if (length > _payload.Length - _position)
        {
            throw Corrupt("a record reaches beyond its batch");
        }

        _body = _payload.Slice(_position, length);
        _bodyPosition = 0;
        _position += length;
        return true;
    }

    public readonly (long Timestamp, FileMark Mark) ReadBase() => (
        BinaryPrimitives.ReadInt64BigEndian(_body),
        new FileMark(BinaryPrimitives.ReadUInt32BigEndian(_body[8..]), BinaryPrimitives.ReadUInt32BigEndian(_body[12..])));

    public readonly CheckpointIntent ReadIntent() => new(
        BinaryPrimitives.ReadInt64BigEndian(_body),
        BinaryPrimitives.ReadUInt32BigEndian(_body[8..]),
        BinaryPrimitives.ReadInt64BigEndian(_body[12..]),
        new FileMark(BinaryPrimitives.ReadUInt32BigEndian(_body[20..]), BinaryPrimitives.ReadUInt32BigEndian(_body[24..])));

    public readonly long ReadDone() => BinaryPrimitives.ReadInt64BigEndian(_body);

    /// <summary>The next row of a commit: its new record, or a deletion. False after the last.</summary>
    public bool NextRow(out uint root, out long rowid, out bool deleted, out ReadOnlySpan<byte> record)
    {
        root = 0;
        rowid = 0;
        deleted = false;
        record = default;
        if (_bodyPosition == _body.Length)
        {
            return false;
        }

        byte operation = _body[_bodyPosition++];
        if (operation is not (PutOperation or DeleteOperation))
        {
            throw Corrupt($"unknown row operation {operation}");
        }

        root = checked((uint)ReadVarint(_body, ref _bodyPosition));
        rowid = RedoBuilder.UnZigZag(ReadVarint(_body, ref _bodyPosition));
        deleted = operation == DeleteOperation;
        if (!deleted)
        {
            ulong length = ReadVarint(_body, ref _bodyPosition);
            if (length > (ulong)(_body.Length - _bodyPosition))
            {
                throw Corrupt("a row reaches beyond its record");
            }

            record = _body.Slice(_bodyPosition, (int)length);
            _bodyPosition += (int)length;
        }

        return true;
    }

    private readonly ulong ReadVarint(ReadOnlySpan<byte> bytes, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64 && position < bytes.Length; shift += 7)
        {
            byte part = bytes[position++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part <= 0x7f)
            {
                return value;
            }
        }

        throw Corrupt("a number in a record is cut off");
    }

    private readonly CorruptFileException Corrupt(string reason) => new(path, $"batch at offset {offset}", reason);
}
