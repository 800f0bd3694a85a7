using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sluice.Engine.Format;

namespace Sluice.Gateway.Pipeline;

/// <summary>
/// From payload to readings. Understood are: a plain number; a JSON number, boolean (stored as 0 or 1) or text; an object
/// with <c>value</c> and optional <c>ts</c> (see <see cref="Timestamps"/>) and <c>unit</c>, whose other members are
/// ignored; and an object of several metrics, each member a value or such an object, with an optional <c>ts</c> and
/// <c>unit</c> for all of them. In an object of several metrics the members' names are the metrics, whatever the topic
/// says, and members that are null are left out. A member that counts and stands twice is an error.
///
/// A payload is taken whole or not at all. Pure: a span in, readings out.
/// </summary>
internal static class PayloadDecoder
{
    /// <summary>So many readings of one payload are compared with each other one by one; more go through a set.</summary>
    private const int FewReadings = 16;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 16 };

    /// <summary>Adds the readings of a payload, or returns why it cannot be decoded and adds none.</summary>
    /// <param name="payload">The message's payload.</param>
    /// <param name="route">Its topic's way, with a device.</param>
    /// <param name="receivedUs">The timestamp of readings without their own.</param>
    /// <param name="readings">Takes the readings.</param>
    public static string? Decode(ReadOnlySpan<byte> payload, RoutedTopic route, long receivedUs, List<Reading> readings)
    {
        int before = readings.Count;
        string? reason;
        try
        {
            reason = DecodeTrimmed(payload.Trim(" \t\r\n"u8), new Target(route, receivedUs, readings));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text in the JSON is not valid UTF-8.
            reason = $"neither a number nor valid JSON: {FirstSentence(e.Message)}";
        }

        if (reason is not null)
        {
            readings.RemoveRange(before, readings.Count - before);
        }

        return reason;
    }

    private static string? DecodeTrimmed(ReadOnlySpan<byte> payload, in Target target)
    {
        if (target.Refusal is { } refusal)
        {
            return refusal;
        }

        if (payload.IsEmpty)
        {
            return "the payload is empty";
        }

        if (payload[0] is (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'+' or (byte)'.')
        {
            return TryParseNumber(payload, out SqlValue number)
                ? target.AddSingle(number, default)
                : $"\"{Excerpt(payload)}\" is not a finite number; write it like 21.5, -3 or 1e6";
        }

        Utf8JsonReader json = new(payload, Options);
        json.Read();
        string? reason;
        if (json.TokenType == JsonTokenType.StartObject)
        {
            reason = DecodeObject(ref json, target);
        }
        else
        {
            reason = ReadScalar(ref json, out SqlValue value) is { } wrong ? $"the payload {wrong}" : target.AddSingle(value, default);
        }

        // Bytes after the value are an error of the reader's next step, not something to ignore.
        return reason ?? (json.Read() ? "something follows the JSON value" : null);
    }

    /// <summary>The reader stands at the object's start and is left at its end.</summary>
    private static string? DecodeObject(ref Utf8JsonReader json, in Target target)
    {
        Utf8JsonReader start = json;
        if (ReadMembers(ref json, "", out Members members) is { } reason)
        {
            return reason;
        }

        if (members.HasValue)
        {
            return target.AddSingle(members.Value, members);
        }

        Span<char> metric = stackalloc char[Series.MaximumNameBytes];
        int count = 0;
        while (start.Read() && start.TokenType != JsonTokenType.EndObject)
        {
            if (NameOf(ref start) is Member.Ts or Member.Unit)
            {
                start.Skip();
                continue;
            }

            if (start.ValueSpan.Length is 0 or > Series.MaximumNameBytes)
            {
                return $"a metric's name must have 1 to {Series.MaximumNameBytes} bytes";
            }

            int length = start.CopyString(metric);
            start.Read();
            if (start.TokenType == JsonTokenType.Null)
            {
                continue;
            }

            if (DecodeMember(ref start, metric[..length], members, target) is { } wrong)
            {
                return wrong;
            }

            count++;
        }

        return count == 0 ? "the object holds no value" : target.FindTwice(count) is { } twice ? $"\"{twice}\" stands twice in the object" : null;
    }

    private static string? DecodeMember(ref Utf8JsonReader json, scoped ReadOnlySpan<char> metric, in Members all, in Target target)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            if (ReadScalar(ref json, out SqlValue value) is { } reason)
            {
                return $"\"{metric}\" {reason}";
            }

            target.Add(metric, value, all);
            return null;
        }

        if (ReadMembers(ref json, metric, out Members own) is { } wrong)
        {
            return wrong;
        }

        if (!own.HasValue)
        {
            return $"\"{metric}\" is an object without \"value\"";
        }

        target.Add(metric, own.Value, own with { TsUs = own.TsUs ?? all.TsUs, Unit = own.Unit ?? all.Unit });
        return null;
    }

    /// <summary>Reads value, ts and unit of an object, from its start to its end; the other members are skipped.</summary>
    private static string? ReadMembers(ref Utf8JsonReader json, scoped ReadOnlySpan<char> owner, out Members members)
    {
        members = default;
        bool hasTs = false, hasUnit = false;
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            Member member = NameOf(ref json);
            if (member == Member.Other)
            {
                json.Skip();
                continue;
            }

            json.Read();
            switch (member)
            {
                case Member.Value:
                    if (members.HasValue)
                    {
                        return Twice("value", owner);
                    }

                    if (ReadScalar(ref json, out SqlValue value) is { } reason)
                    {
                        return owner.IsEmpty ? $"\"value\" {reason}" : $"\"value\" of \"{owner}\" {reason}";
                    }

                    members = members with { HasValue = true, Value = value };
                    break;

                case Member.Ts:
                    if (hasTs)
                    {
                        return Twice("ts", owner);
                    }

                    hasTs = true;
                    if (!Timestamps.TryRead(ref json, out long us))
                    {
                        return $"\"ts\" is neither an ISO 8601 time nor a number since the Unix epoch: {Excerpt(json.ValueSpan)}";
                    }

                    members = members with { TsUs = us };
                    break;

                default:
                    if (hasUnit)
                    {
                        return Twice("unit", owner);
                    }

                    hasUnit = true;
                    if (json.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                    {
                        return "\"unit\" is not a text";
                    }

                    members = members with { Unit = json.TokenType == JsonTokenType.Null ? null : UnitNames.Read(ref json) };
                    break;
            }
        }

        return null;
    }

    /// <summary>Which member the name is that the reader stands at.</summary>
    private static Member NameOf(ref Utf8JsonReader json)
    {
        ReadOnlySpan<byte> name = json.ValueSpan;
        if (json.ValueIsEscaped)
        {
            return json.ValueTextEquals("value"u8) ? Member.Value : json.ValueTextEquals("ts"u8) ? Member.Ts : json.ValueTextEquals("unit"u8) ? Member.Unit : Member.Other;
        }

        return name.Length switch
        {
            5 when name.SequenceEqual("value"u8) => Member.Value,
            2 when name.SequenceEqual("ts"u8) => Member.Ts,
            4 when name.SequenceEqual("unit"u8) => Member.Unit,
            _ => Member.Other,
        };
    }

    /// <summary>JSON leaves open which of two counts (RFC 8259 section 4), so neither is taken.</summary>
    private static string Twice(string member, ReadOnlySpan<char> owner) =>
        owner.IsEmpty ? $"\"{member}\" stands twice in the object" : $"\"{member}\" stands twice in \"{owner}\"";

    /// <summary>Reads a value, or says what it is instead, as the rest of a sentence that begins with its name.</summary>
    private static string? ReadScalar(ref Utf8JsonReader json, out SqlValue value)
    {
        value = default;
        switch (json.TokenType)
        {
            case JsonTokenType.True or JsonTokenType.False:
                value = SqlValue.FromBoolean(json.TokenType == JsonTokenType.True);
                return null;

            case JsonTokenType.String:
                value = SqlValue.FromText(json.GetString()!);
                return null;

            case JsonTokenType.Number when json.TryGetInt64(out long integer):
                value = SqlValue.FromInteger(integer);
                return null;

            case JsonTokenType.Number when json.TryGetDouble(out double real) && double.IsFinite(real):
                value = SqlValue.FromReal(real);
                return null;

            case JsonTokenType.Number:
                return $"is too large for a number: {Excerpt(json.ValueSpan)}";

            default:
                string kind = json.TokenType switch { JsonTokenType.Null => "null", JsonTokenType.StartArray => "a list", _ => "an object" };
                return $"is {kind}; a number, true, false or a text is needed";
        }
    }

    private static bool TryParseNumber(ReadOnlySpan<byte> text, out SqlValue value)
    {
        // A leading plus is for people; the parsers take it too, but not before the point of ".5".
        if (Utf8Parser.TryParse(text, out long integer, out int used) && used == text.Length)
        {
            value = SqlValue.FromInteger(integer);
            return true;
        }

        bool ok = Utf8Parser.TryParse(text, out double real, out used) && used == text.Length && double.IsFinite(real);
        value = ok ? SqlValue.FromReal(real) : default;
        return ok;
    }

    private static string Excerpt(ReadOnlySpan<byte> bytes) =>
        Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 40)]) + (bytes.Length > 40 ? "..." : "");

    /// <summary>System.Text.Json appends its position ("LineNumber: 0 | BytePositionInLine: 1."): kept, on one line.</summary>
    private static string FirstSentence(string message) => message.ReplaceLineEndings(" ");

    /// <summary>The members of an object that count by their names.</summary>
    private enum Member
    {
        Other,
        Value,
        Ts,
        Unit,
    }

    /// <summary>What an object says about its value.</summary>
    private readonly record struct Members(bool HasValue, SqlValue Value, long? TsUs, string? Unit);

    /// <summary>Where readings of one payload go.</summary>
    private readonly struct Target(RoutedTopic route, long receivedUs, List<Reading> readings)
    {
        /// <summary>Why nothing of this topic is stored, or null.</summary>
        public string? Refusal => route.Refusal;

        /// <summary>The metric that two of the last <paramref name="count"/> readings are of, or null.</summary>
        public string? FindTwice(int count)
        {
            ReadOnlySpan<Reading> added = CollectionsMarshal.AsSpan(readings)[^count..];
            HashSet<Series>? seen = count > FewReadings ? new(count) : null;
            for (int i = 0; i < added.Length; i++)
            {
                Series series = added[i].Series;
                if (seen is null ? IsAmong(added[..i], series) : !seen.Add(series))
                {
                    return series.Metric;
                }
            }

            return null;
        }

        private static bool IsAmong(ReadOnlySpan<Reading> readings, Series series)
        {
            foreach (ref readonly Reading reading in readings)
            {
                if (ReferenceEquals(reading.Series, series))
                {
                    return true;
                }
            }

            return false;
        }

        public string? AddSingle(in SqlValue value, in Members members)
        {
            if (route.Metric is null)
            {
                return "the topic names no metric, so the payload must be an object of metrics such as {\"temp\": 21.5}";
            }

            Add(route.Series, value, members);
            return null;
        }

        public void Add(ReadOnlySpan<char> metric, in SqlValue value, in Members members) => Add(route.Device!.Get(metric), value, members);

        private void Add(Series series, in SqlValue value, in Members members)
        {
            string? unit = members.Unit ?? route.Unit;
            readings.Add(new Reading(series, members.TsUs ?? receivedUs, value, unit == series.Unit ? null : unit));
        }
    }
}
