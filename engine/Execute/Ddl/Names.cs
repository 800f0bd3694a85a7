using Sluice.Engine.Catalog;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>Whether a name may be given to a new table, index or view, and what is said when not.</summary>
internal static class Names
{
    private const string ReservedPrefix = "sqlite_";

    public static bool IsReserved(string name) => name.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase);

    public static void RequireUnreserved(string name)
    {
        if (IsReserved(name))
        {
            throw new SluiceException(ResultCode.Error, $"object name reserved for internal use: {name}");
        }
    }

    /// <summary>
    /// Whether a table or view of that name may be made: false when there is one and <paramref name="ifNotExists"/> says to be content.
    /// </summary>
    public static bool IsFreeForTable(Schema schema, string name, bool ifNotExists)
    {
        RequireUnreserved(name);
        bool isTable = schema.TryGetTable(name, out _);
        if (isTable || schema.TryGetView(name, out _))
        {
            return ifNotExists ? false : throw new SluiceException(ResultCode.Error, $"{(isTable ? "table" : "view")} {name} already exists");
        }

        RequireNoIndex(schema, name);
        return true;
    }

    public static void RequireNoIndex(Schema schema, string name)
    {
        if (schema.TryGetIndex(name, out _))
        {
            throw new SluiceException(ResultCode.Error, $"there is already an index named {name}");
        }
    }

    /// <summary>A name as it must stand in SQL text: in double quotes unless it is a plain word.</summary>
    public static string Quoted(string name)
    {
        bool plain = name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            && Keywords.Lookup(System.Text.Encoding.UTF8.GetBytes(name)) == TokenKind.Identifier;
        return plain ? name : AlwaysQuoted(name);
    }

    public static string AlwaysQuoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
