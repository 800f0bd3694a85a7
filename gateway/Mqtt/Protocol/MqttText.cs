using System.Text.Unicode;

namespace Sluice.Gateway.Mqtt.Protocol;

/// <summary>
/// The rules of UTF-8 strings (MQTT 5.0 section 1.5.4): well-formed UTF-8 without surrogates and without U+0000.
/// Control characters U+0001..U+001F and U+007F..U+009F and the non-characters of Unicode, which a receiver may refuse
/// (same section), are refused: they break logs, file names and terminals.
/// </summary>
public static class MqttText
{
    /// <summary>Throws when the bytes are no string that MQTT allows.</summary>
    /// <param name="utf8">The bytes, without the length prefix.</param>
    /// <param name="what">Names the field in the error.</param>
    public static void Validate(ReadOnlySpan<byte> utf8, string what)
    {
        int odd = utf8.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E);
        if (odd >= 0)
            ValidateSlow(utf8, odd, what);
    }

    private static void ValidateSlow(ReadOnlySpan<byte> utf8, int start, string what)
    {
        if (!Utf8.IsValid(utf8))
            throw MqttProtocolException.Malformed("1.5.4", $"{what} is not well-formed UTF-8");
        for (int i = start; i < utf8.Length; i++)
        {
            byte b = utf8[i];
            if (b == 0)
                throw MqttProtocolException.Malformed("1.5.4", $"{what} contains U+0000");
            if (b < 0x20 || b == 0x7F || (b == 0xC2 && utf8[i + 1] < 0xA0))
                throw MqttProtocolException.Malformed("1.5.4", $"{what} contains a control character");
            if (IsNonCharacter(utf8[i..]))
                throw MqttProtocolException.Malformed("1.5.4", $"{what} contains a Unicode non-character");
        }
    }

    // U+FDD0..U+FDEF are EF B7 90..AF; U+nFFFE and U+nFFFF end in BF BE/BF after EF BF, or after Fx yF with y in 8..B.
    private static bool IsNonCharacter(ReadOnlySpan<byte> at)
    {
        if (at[0] == 0xEF)
            return (at[1] == 0xB7 && at[2] is >= 0x90 and <= 0xAF) || (at[1] == 0xBF && at[2] >= 0xBE);
        return at[0] >= 0xF0 && (at[1] & 0x0F) == 0x0F && at[2] == 0xBF && at[3] >= 0xBE;
    }
}
