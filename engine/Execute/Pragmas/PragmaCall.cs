using System.Globalization;
using Sluice.Engine.Catalog;
using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;
using Sluice.Engine.Sql;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Execute.Pragmas;

/// <summary>One PRAGMA that is being run.</summary>
/// <param name="Session">Whose.</param>
/// <param name="Whole">The transaction on all databases.</param>
/// <param name="Home">The database it is about: that which was written, or where the table or index is that it asks for, or main.</param>
/// <param name="Value">Null where none was written.</param>
internal sealed record PragmaCall(Session Session, Transaction Whole, Schema Home, PragmaValue? Value)
{
    /// <summary>Whether a schema was written before the pragma's name.</summary>
    public bool IsQualified { get; init; }

    /// <summary>The transaction on <see cref="Home"/>.</summary>
    public Transaction Transaction => Whole.Of(Home);

    /// <summary>What <see cref="Home"/> is called.</summary>
    public string HomeName => Whole.Schemas.NameOf(Home);

    /// <summary>The database of <see cref="Home"/>.</summary>
    public Database Database => Session.Databases.First(one => one.Name == HomeName).Database;

    public bool HasValue => Value is not null;

    /// <summary>The value; empty without one.</summary>
    public string Text => Value?.Text ?? "";

    /// <summary>The value as a number of 64 bits, what is behind the point left out.</summary>
    public long Integer => Text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? long.TryParse(Text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long bits) ? bits : 0
        : SqlConvert.ToInteger(SqlConvert.ToNumber(SqlValue.FromText(Text)));

    /// <summary>
    /// The value where SQLite wants 32 bits: the digits at its beginning, or those behind 0x; 0 where there are none, or more than fit.
    /// </summary>
    public int Int32
    {
        get
        {
            ReadOnlySpan<char> text = Text;
            if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            {
                int end = text[2..].IndexOfAnyExcept("0123456789abcdefABCDEF");
                ReadOnlySpan<char> hex = (end < 0 ? text[2..] : text[2..(2 + end)]).TrimStart('0');
                return hex.Length <= 8 && uint.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint bits) && bits <= int.MaxValue ? (int)bits : 0;
            }

            bool negative = text is ['-', ..];
            text = text is ['-' or '+', ..] ? text[1..] : text;
            int length = text.IndexOfAnyExceptInRange('0', '9');
            ReadOnlySpan<char> digits = (length < 0 ? text : text[..length]).TrimStart('0');
            return digits.Length <= 10 && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
                && (negative ? -value : value) is >= int.MinValue and <= int.MaxValue and var signed ? (int)signed : 0;
        }
    }

    /// <summary>ON, YES, TRUE, or digits that are not 0; of a number only the lowest eight bits count, as in SQLite.</summary>
    public bool IsOn => Text.Length > 0 && char.IsAsciiDigit(Text[0]) ? (byte)Int32 != 0 : Text.ToUpperInvariant() is "ON" or "YES" or "TRUE";

    /// <summary>The table that is asked for, or null where it is a view.</summary>
    /// <exception cref="SluiceException">"no such table: x".</exception>
    public Table? RequireTable() =>
        Home.TryGetTable(Text, out Table? table) || Home.TryGetView(Text, out _) ? table
        : throw new SluiceException(ResultCode.Error, $"no such table: {(IsQualified ? HomeName + "." : "")}{Text}");
}
