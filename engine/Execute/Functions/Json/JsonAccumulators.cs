using Sluice.Engine.Execute.Expressions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Json;

/// <summary>json_group_array(x) and jsonb_group_array(x).</summary>
internal sealed class JsonArrayAccumulator(bool binary) : Accumulator
{
    private readonly JsonNode _array = new(JsonKind.Array);

    public override void Step(ReadOnlySpan<SqlValue> arguments) => _array.Items.Add(JsonValues.Element(arguments[0]));

    public override bool TryRemove(ReadOnlySpan<SqlValue> arguments)
    {
        _array.Items.RemoveAt(0);
        return true;
    }

    public override SqlValue Final() => JsonValues.Result(_array, binary);
}

/// <summary>json_group_object(name, value) and jsonb_group_object(name, value); a row without a name is passed over.</summary>
internal sealed class JsonObjectAccumulator(bool binary) : Accumulator
{
    private readonly JsonNode _object = new(JsonKind.Object);

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        if (!arguments[0].IsNull)
        {
            _object.Items.Add(JsonValues.Element(SqlConvert.ToText(arguments[0]).WithSubtype(0)));
            _object.Items.Add(JsonValues.Element(arguments[1]));
        }
    }

    public override SqlValue Final() => JsonValues.Result(_object, binary);
}
