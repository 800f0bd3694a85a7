using Sluice.Engine.Catalog;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Dml;

/// <summary>The types of a STRICT table's columns ("STRICT Tables", section 2), tested after affinity was applied.</summary>
internal static class StrictTypes
{
    public static void Check(Table table, ReadOnlySpan<SqlValue> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            Column column = table.Columns[i];
            SqlType type = values[i].Type;
            bool fits = type == SqlType.Null || i == table.RowidAlias || column.DeclaredType.ToUpperInvariant() switch
            {
                "INT" or "INTEGER" => type == SqlType.Integer,
                "REAL" => type == SqlType.Real,
                "TEXT" => type == SqlType.Text,
                "BLOB" => type == SqlType.Blob,
                _ => true,
            };
            if (!fits)
            {
                string given = type switch { SqlType.Integer => "INT", SqlType.Real => "REAL", SqlType.Text => "TEXT", _ => "BLOB" };
                throw new SluiceException(ResultCode.ConstraintDataType, $"cannot store {given} value in {column.DeclaredType} column {table.Name}.{column.Name}");
            }
        }
    }
}
