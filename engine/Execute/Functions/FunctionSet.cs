using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions;

/// <summary>
/// The functions and collations that a connection's statements may name: the built-in ones, and those that the program has made for the connection.
/// Immutable: who has compiled with one knows by its identity whether it is still that of the connection.
/// <para>A built-in function cannot be replaced: indexes and generated columns are made of them, for all connections and for recovery.</para>
/// </summary>
public sealed class FunctionSet
{
    /// <summary>A number of arguments that stands for any.</summary>
    private const int AnyNumber = -1;

    private readonly Dictionary<(string Name, int Arguments), ScalarFunction> _scalars;
    private readonly Dictionary<(string Name, int Arguments), AggregateFunction> _aggregates;
    private readonly Dictionary<string, Collation> _collations;

    private FunctionSet(FunctionSet? other)
    {
        _scalars = other is null ? [] : new(other._scalars);
        _aggregates = other is null ? [] : new(other._aggregates);
        _collations = other is null ? new(StringComparer.OrdinalIgnoreCase) : new(other._collations, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The built-in functions and collations alone.</summary>
    public static FunctionSet BuiltIn { get; } = new(null);

    /// <summary>The collations that the program has made.</summary>
    public IEnumerable<Collation> Collations => _collations.Values;

    /// <summary>The functions that the program has made; -1 stands for any number of arguments.</summary>
    internal IEnumerable<(string Name, int Arguments, bool IsScalar)> Made =>
        _scalars.Keys.Select(key => (key.Name, key.Arguments, true)).Concat(_aggregates.Keys.Select(key => (key.Name, key.Arguments, false)));

    /// <summary>Whether there is any function of this name, with whatever number of arguments.</summary>
    public bool Exists(string name) =>
        FunctionCatalog.Exists(name)
        || _scalars.Keys.Concat(_aggregates.Keys).Any(key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The scalar function that takes so many arguments, or null.</summary>
    public ScalarFunction? FindScalar(string name, int argumentCount) =>
        FunctionCatalog.FindScalar(name, argumentCount) ?? Find(_scalars, name, argumentCount);

    /// <summary>The aggregate function that takes so many arguments, or null.</summary>
    public AggregateFunction? FindAggregate(string name, int argumentCount) =>
        FunctionCatalog.FindAggregate(name, argumentCount) ?? Find(_aggregates, name, argumentCount);

    /// <summary>The collation of a name in COLLATE.</summary>
    /// <exception cref="SluiceException">"no such collation sequence: x".</exception>
    public Collation FindCollation(string name) =>
        FindBuiltIn(name)
        ?? (_collations.TryGetValue(name, out Collation? made) ? made : throw new SluiceException(ResultCode.MissingCollation, $"no such collation sequence: {name}"));

    /// <summary>This set with a function more, in the place of one of the same name and number of arguments; null removes that.</summary>
    /// <exception cref="InvalidOperationException">The name is that of a built-in function.</exception>
    internal FunctionSet With(string name, int? argumentCount, ScalarFunction? function) => With(name, argumentCount, function, null);

    /// <summary>As for a scalar function.</summary>
    internal FunctionSet With(string name, int? argumentCount, AggregateFunction? function) => With(name, argumentCount, null, function);

    /// <summary>This set with a collation more, in the place of one of the same name; null removes that.</summary>
    /// <exception cref="InvalidOperationException">The name is that of a built-in collation.</exception>
    internal FunctionSet With(string name, Collation? collation)
    {
        if (FindBuiltIn(name) is not null)
        {
            throw new InvalidOperationException($"The collation {name} is built in and cannot be replaced: indexes are ordered by it. Choose another name.");
        }

        FunctionSet changed = new(this);
        _ = changed._collations.Remove(name);
        if (collation is not null)
        {
            changed._collations.Add(name, collation);
        }

        return changed;
    }

    private static Collation? FindBuiltIn(string name)
    {
        foreach (Collation collation in (ReadOnlySpan<Collation>)[Collation.Binary, Collation.NoCase, Collation.RTrim])
        {
            if (string.Equals(collation.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return collation;
            }
        }

        return null;
    }

    private static T? Find<T>(Dictionary<(string Name, int Arguments), T> functions, string name, int argumentCount)
        where T : class
    {
        if (functions.Count == 0)
        {
            return null;
        }

        string key = name.ToLowerInvariant();
        return functions.GetValueOrDefault((key, argumentCount)) ?? functions.GetValueOrDefault((key, AnyNumber));
    }

    private FunctionSet With(string name, int? argumentCount, ScalarFunction? scalar, AggregateFunction? aggregate)
    {
        if (FunctionCatalog.Exists(name))
        {
            throw new InvalidOperationException($"The function {name} is built in and cannot be replaced: indexes and generated columns are made of it. Choose another name.");
        }

        (string, int) key = (name.ToLowerInvariant(), argumentCount ?? AnyNumber);
        FunctionSet changed = new(this);
        _ = changed._scalars.Remove(key);
        _ = changed._aggregates.Remove(key);
        if (scalar is not null)
        {
            changed._scalars.Add(key, scalar);
        }

        if (aggregate is not null)
        {
            changed._aggregates.Add(key, aggregate);
        }

        return changed;
    }
}
