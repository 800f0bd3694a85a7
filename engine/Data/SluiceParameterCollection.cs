using System.Collections;
using System.Data;
using System.Data.Common;

namespace Sluice.Engine.Data;

/// <summary>The parameters of a command, in order. Names are compared exactly, without their prefix.</summary>
public sealed class SluiceParameterCollection : DbParameterCollection
{
    private readonly List<SluiceParameter> _parameters = [];

    public override int Count => _parameters.Count;

    public override object SyncRoot => ((ICollection)_parameters).SyncRoot;

    public new SluiceParameter this[int index]
    {
        get => _parameters[index];
        set => _parameters[index] = value;
    }

    public new SluiceParameter this[string parameterName]
    {
        get => _parameters[Required(parameterName)];
        set => _parameters[Required(parameterName)] = value;
    }

    public SluiceParameter Add(SluiceParameter value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _parameters.Add(value);
        return value;
    }

    public SluiceParameter Add(string? parameterName, DbType type) => Add(new SluiceParameter(parameterName, type));

    /// <summary>Adds a parameter with a value; the name may be null for a <c>?</c>.</summary>
    public SluiceParameter AddWithValue(string? parameterName, object? value) => Add(new SluiceParameter(parameterName, value));

    public override int Add(object value)
    {
        _parameters.Add(Ours(value));
        return _parameters.Count - 1;
    }

    public override void AddRange(Array values)
    {
        foreach (object? value in values)
        {
            Add(value!);
        }
    }

    public override void Clear() => _parameters.Clear();

    public override bool Contains(object value) => IndexOf(value) >= 0;

    public override bool Contains(string value) => IndexOf(value) >= 0;

    public override void CopyTo(Array array, int index) => ((ICollection)_parameters).CopyTo(array, index);

    public override IEnumerator GetEnumerator() => _parameters.GetEnumerator();

    public override int IndexOf(object value) => value is SluiceParameter parameter ? _parameters.IndexOf(parameter) : -1;

    /// <summary>The place of a parameter by its name as it was given, or -1.</summary>
    public override int IndexOf(string parameterName)
    {
        for (int i = 0; i < _parameters.Count; i++)
        {
            if (string.Equals(_parameters[i].ParameterName, parameterName, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }

    public override void Insert(int index, object value) => _parameters.Insert(index, Ours(value));

    public override void Remove(object value) => _parameters.Remove(Ours(value));

    public override void RemoveAt(int index) => _parameters.RemoveAt(index);

    public override void RemoveAt(string parameterName) => _parameters.RemoveAt(Required(parameterName));

    protected override DbParameter GetParameter(int index) => _parameters[index];

    protected override DbParameter GetParameter(string parameterName) => _parameters[Required(parameterName)];

    protected override void SetParameter(int index, DbParameter value) => _parameters[index] = Ours(value);

    protected override void SetParameter(string parameterName, DbParameter value) => _parameters[Required(parameterName)] = Ours(value);

    /// <summary>
    /// The value for a statement's parameter <paramref name="written"/> (with its prefix): the one of the same name, or else
    /// of the same name without a prefix.
    /// </summary>
    internal SluiceParameter? FindNamed(string written)
    {
        SluiceParameter? bare = null;
        foreach (SluiceParameter parameter in _parameters)
        {
            string name = parameter.ParameterName;
            if (string.Equals(name, written, StringComparison.Ordinal))
            {
                return parameter;
            }

            if (bare is null && name.Length == written.Length - 1 && written.AsSpan(1).SequenceEqual(name))
            {
                bare = parameter;
            }
        }

        return bare;
    }

    /// <summary>The parameter without a name at <paramref name="place"/> (from 0) among those without one.</summary>
    internal SluiceParameter? FindNameless(int place)
    {
        foreach (SluiceParameter parameter in _parameters)
        {
            if (parameter.ParameterName.Length == 0 && place-- == 0)
            {
                return parameter;
            }
        }

        return null;
    }

    private static SluiceParameter Ours(object? value) =>
        value as SluiceParameter
        ?? throw new InvalidCastException($"A {nameof(SluiceParameter)} is needed, not {value?.GetType().Name ?? "null"}.");

    private int Required(string parameterName)
    {
        int index = IndexOf(parameterName);
        return index >= 0
            ? index
            : throw new IndexOutOfRangeException($"No parameter '{parameterName}' is in the collection.");
    }
}
