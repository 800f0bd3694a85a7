using Sluice.Engine.Format;

namespace Sluice.Engine.Execute.Functions.Telemetry;

/// <summary>
/// first(value, ts) and last(value, ts): the value, NULL too, of the row with the smallest or the largest ts; an extension of ours. Rows without
/// a ts do not count; of rows with the same one, the first that came is first and the last is last.
/// </summary>
internal sealed class EdgeAccumulator(bool last) : Accumulator
{
    private SqlValue _time;
    private SqlValue _value;

    public override void Step(ReadOnlySpan<SqlValue> arguments)
    {
        ref readonly SqlValue time = ref arguments[1];
        if (time.IsNull)
        {
            return;
        }

        int order = _time.IsNull ? 0 : ValueOrder.Compare(time, _time, Collation.Binary);
        if (_time.IsNull || (last ? order >= 0 : order < 0))
        {
            _time = time;
            _value = arguments[0];
        }
    }

    public override SqlValue Final() => _value;
}
