using Sluice.Engine.BTree;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.Tests.BTree;

/// <summary>The root pages that a database's schema table names.</summary>
internal static class SchemaRoots
{
    public static Dictionary<string, uint> Of(IPageSource source)
    {
        Dictionary<string, uint> roots = [];
        TableCursor schema = new(source, 1);
        RecordReader reader = default;
        for (bool any = schema.MoveFirst(); any; any = schema.MoveNext())
        {
            reader.Reset(schema.Record);
            if (reader.Get(3).Integer is > 0 and var root)
            {
                roots[reader.Get(1).DecodeText()] = (uint)root;
            }
        }

        return roots;
    }

    /// <summary>Checks every tree of the schema, the order of index keys by <paramref name="orders"/>.</summary>
    public static IReadOnlyList<string> Check(IPageSource source, Dictionary<string, KeyOrder>? orders = null)
    {
        List<TreeRoot> roots = [];
        foreach ((string name, uint root) in Of(source))
        {
            roots.Add(new TreeRoot(root, orders?.GetValueOrDefault(name)));
        }

        return IntegrityCheck.Run(source, roots);
    }
}
