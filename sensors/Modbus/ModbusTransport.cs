using System.Buffers.Binary;
using System.Net.Sockets;
using Sluice.Sensors.Serial;

namespace Sluice.Sensors.Modbus;

/// <summary>Carries requests to devices and brings their answers. One caller at a time.</summary>
public abstract class ModbusTransport : IDisposable
{
    /// <summary>What messages call it.</summary>
    public abstract string Name { get; }

    /// <summary>The answer of a device to a request, both without what the transport adds.</summary>
    /// <param name="unit">The device's address, 1 to 247 (255 for a TCP device itself).</param>
    /// <param name="request">A request of <see cref="ModbusPdu"/>.</param>
    public abstract byte[] Exchange(byte unit, ReadOnlySpan<byte> request);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <summary>Modbus RTU over a serial line: MODBUS over Serial Line 1.02, section 2.5.1.</summary>
public sealed class ModbusRtu(SerialLine line, TimeSpan timeout, TimeProvider time) : ModbusTransport
{
    /// <summary>Section 2.5.1: a frame has 256 bytes at most.</summary>
    private const int MaximumFrame = 256;

    public override string Name => line.Name;

    public override byte[] Exchange(byte unit, ReadOnlySpan<byte> request)
    {
        byte[] frame = [unit, .. request, 0, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(frame.Length - 2), Crc(frame.AsSpan(0, frame.Length - 2)));

        // What a device said too late to an earlier request is not the answer to this one.
        line.Discard();
        line.Write(frame);
        Span<byte> answer = stackalloc byte[MaximumFrame];
        int length = Receive(unit, answer);
        ushort crc = Crc(answer[..(length - 2)]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(answer[(length - 2)..length]) != crc)
        {
            throw new SensorException(FaultReason.Crc, $"{Name} unit {unit}: checksum wrong");
        }

        return answer[0] == unit
            ? answer[1..(length - 2)].ToArray()
            : throw new SensorException(FaultReason.Io, $"{Name}: unit {answer[0]} answered instead of {unit}");
    }

    /// <summary>CRC-16 of section 2.5.1.2: x^16+x^15+x^2+1, the lowest bit first, begins with 0xFFFF.</summary>
    public static ushort Crc(ReadOnlySpan<byte> bytes)
    {
        ushort crc = 0xFFFF;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (ushort)((crc >> 1) ^ ((crc & 1) != 0 ? 0xA001 : 0));
            }
        }

        return crc;
    }

    protected override void Dispose(bool disposing) => line.Dispose();

    /// <summary>Reads until the frame is whole by its own account, or until it breaks off.</summary>
    private int Receive(byte unit, Span<byte> answer)
    {
        long begin = time.GetTimestamp();
        int filled = 0;
        int whole = 5;
        while (filled < whole)
        {
            TimeSpan left = timeout - time.GetElapsedTime(begin);
            if (left <= TimeSpan.Zero)
            {
                throw new SensorException(
                    FaultReason.Timeout, $"{Name} unit {unit}: {(filled == 0 ? "no answer" : $"the answer broke off after {filled} bytes")} within {timeout.TotalMilliseconds} ms");
            }

            filled += line.Read(answer[filled..], left);
            if (filled >= 3)
            {
                int length = ModbusPdu.AnswerLength(answer[1], answer[2]) ?? throw new SensorException(FaultReason.Crc, $"{Name} unit {unit}: not a Modbus answer; is the speed right?");
                whole = length + 3;
                if (whole > answer.Length)
                {
                    throw new SensorException(FaultReason.Crc, $"{Name} unit {unit}: not a Modbus answer");
                }
            }
        }

        return whole;
    }
}

/// <summary>Modbus TCP: MODBUS Messaging on TCP/IP 1.0b, section 3.1.3. The connection is made when it is first used and again after it broke.</summary>
public sealed class ModbusTcp(string host, int port, TimeSpan timeout) : ModbusTransport
{
    private const int HeaderBytes = 7;

    private TcpClient? _client;
    private ushort _transaction;

    public override string Name => $"{host}:{port}";

    public override byte[] Exchange(byte unit, ReadOnlySpan<byte> request)
    {
        try
        {
            NetworkStream stream = Connect();
            byte[] frame = [.. new byte[HeaderBytes], .. request];
            BinaryPrimitives.WriteUInt16BigEndian(frame, ++_transaction);
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(4), (ushort)(request.Length + 1));
            frame[6] = unit;
            stream.Write(frame);
            Span<byte> header = stackalloc byte[HeaderBytes];
            stream.ReadExactly(header);
            int length = BinaryPrimitives.ReadUInt16BigEndian(header[4..]);
            if (BinaryPrimitives.ReadUInt16BigEndian(header) != _transaction || BinaryPrimitives.ReadUInt16BigEndian(header[2..]) != 0 || length is < 3 or > 254)
            {
                throw new SensorException(FaultReason.Io, $"{Name}: not the answer to what was asked");
            }

            byte[] answer = new byte[length - 1];
            stream.ReadExactly(answer);
            return answer;
        }
        catch (SensorException)
        {
            Close();
            throw;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            Close();
            SocketError? error = (e as SocketException ?? e.InnerException as SocketException)?.SocketErrorCode;
            FaultReason reason = error switch
            {
                SocketError.TimedOut or SocketError.WouldBlock => FaultReason.Timeout,
                SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.HostUnreachable or SocketError.NetworkUnreachable => FaultReason.Missing,
                _ => FaultReason.Io,
            };
            throw new SensorException(reason, $"{Name}: {(reason == FaultReason.Timeout ? $"no answer within {timeout.TotalMilliseconds} ms" : e.Message)}", e);
        }
    }

    protected override void Dispose(bool disposing) => Close();

    private NetworkStream Connect()
    {
        if (_client is not null)
        {
            return _client.GetStream();
        }

        TcpClient client = new() { NoDelay = true, ReceiveTimeout = (int)timeout.TotalMilliseconds, SendTimeout = (int)timeout.TotalMilliseconds };
        try
        {
            using CancellationTokenSource limit = new(timeout);
            client.ConnectAsync(host, port, limit.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException e)
        {
            client.Dispose();
            throw new SensorException(FaultReason.Timeout, $"{Name}: cannot be reached within {timeout.TotalMilliseconds} ms", e);
        }
        catch
        {
            client.Dispose();
            throw;
        }

        _client = client;
        return client.GetStream();
    }

    private void Close()
    {
        _client?.Dispose();
        _client = null;
    }
}
