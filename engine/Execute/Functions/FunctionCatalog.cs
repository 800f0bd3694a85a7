using Sluice.Engine.Execute.Functions.Dates;

namespace Sluice.Engine.Execute.Functions;

/// <summary>The built-in functions by name, whatever the case of its letters, and number of arguments.</summary>
public static class FunctionCatalog
{
    private static readonly FunctionTable<ScalarFunction> _scalars = new();
    private static readonly FunctionTable<AggregateFunction> _aggregates = new();

    static FunctionCatalog()
    {
        BuiltInAggregates.AddTo(_aggregates);
        CoreFunctions.AddTo(_scalars);
        MathFunctions.AddTo(_scalars);
        DateFunctions.AddTo(_scalars);
        Json.JsonFunctions.AddTo(_scalars);
    }

    /// <summary>Whether there is any function of this name, with whatever number of arguments.</summary>
    public static bool Exists(string name) => _scalars.Contains(name) || _aggregates.Contains(name);

    /// <summary>All functions, and the numbers of arguments that each takes.</summary>
    internal static IEnumerable<(string Name, int Min, int Max, ScalarFunction? Scalar)> All =>
        _scalars.All.Select(entry => (entry.Name, entry.Min, entry.Max, (ScalarFunction?)entry.Function))
            .Concat(_aggregates.All.Select(entry => (entry.Name, entry.Min, entry.Max, (ScalarFunction?)null)));

    /// <summary>The scalar function that takes so many arguments, or null.</summary>
    public static ScalarFunction? FindScalar(string name, int argumentCount) => _scalars.Find(name, argumentCount);

    /// <summary>The aggregate function that takes so many arguments, or null. count(*) has none; min(x) is one, min(x, y) is not.</summary>
    public static AggregateFunction? FindAggregate(string name, int argumentCount) => _aggregates.Find(name, argumentCount);
}

/// <summary>Functions of one kind, by name and number of arguments.</summary>
internal sealed class FunctionTable<T>
    where T : class
{
    private readonly Dictionary<string, List<(int Min, int Max, T Function)>> _entries = new(StringComparer.OrdinalIgnoreCase);

    public IEnumerable<(string Name, int Min, int Max, T Function)> All =>
        _entries.SelectMany(entry => entry.Value.Select(one => (entry.Key, one.Min, one.Max, one.Function)));

    public bool Contains(string name) => _entries.ContainsKey(name);

    public T? Find(string name, int argumentCount)
    {
        if (_entries.TryGetValue(name, out List<(int Min, int Max, T Function)>? overloads))
        {
            foreach ((int min, int max, T function) in overloads)
            {
                if (argumentCount >= min && argumentCount <= max)
                {
                    return function;
                }
            }
        }

        return null;
    }

    public void Add(string name, int min, int max, T function)
    {
        if (!_entries.TryGetValue(name, out List<(int Min, int Max, T Function)>? overloads))
        {
            _entries.Add(name, overloads = []);
        }

        overloads.Add((min, max, function));
    }
}
