using Sluice.Engine.Execute;
using Sluice.Engine.Execute.Functions;
using Sluice.Engine.Format;

namespace Sluice.Engine.Data;

/// <summary>The code of a scalar function of the program.</summary>
internal delegate object? UserBody(ReadOnlySpan<SqlValue> arguments);

/// <summary>The next state of an aggregate of the program after a row.</summary>
internal delegate TState UserStep<TState>(TState state, ReadOnlySpan<SqlValue> arguments);

/// <summary>What functions of the program have in common: values in, values out, and errors.</summary>
internal static class UserFunctions
{
    /// <summary>An argument as <typeparamref name="T"/>.</summary>
    internal static T Argument<T>(ReadOnlySpan<SqlValue> arguments, int index, string function) =>
        ValueReading.To<T>(arguments[index], new ValuePlace(function, index));

    /// <summary>All arguments as <see cref="SluiceDataReader.GetValue"/> gives values, NULL as null.</summary>
    internal static object?[] All(ReadOnlySpan<SqlValue> arguments)
    {
        var values = new object?[arguments.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].IsNull ? null : ValueReading.ToObject(arguments[i]);
        }

        return values;
    }

    internal static SqlValue ToSql(object? result, string function) => ValueBinding.ToSql(result, null, 0, $"{function}()");

    /// <summary>An error of the program's code as the statement's: an own SluiceException as it is, another with its message.</summary>
    internal static SluiceException Failure(Exception error) => error as SluiceException ?? new SluiceException(ResultCode.Error, error.Message, error);
}

/// <summary>A scalar function of the program.</summary>
internal sealed class UserScalar(string name, bool isDeterministic, UserBody body)
    : ScalarFunction(name.ToLowerInvariant(), isDeterministic ? Stability.Deterministic : Stability.Volatile)
{
    public override SqlValue Invoke(ReadOnlySpan<SqlValue> arguments, IStatementContext context)
    {
        try
        {
            return UserFunctions.ToSql(body(arguments), Name);
        }
        catch (Exception error)
        {
            throw UserFunctions.Failure(error);
        }
    }
}

/// <summary>An aggregate function of the program: a state that each row of a group takes on, from the seed to the result.</summary>
internal sealed class UserAggregate<TState>(string name, TState seed, UserStep<TState> step, Func<TState, object?> result)
    : AggregateFunction(name.ToLowerInvariant())
{
    public override Accumulator Create(Collation collation) => new State(this);

    private TState Seed => seed;

    private sealed class State(UserAggregate<TState> function) : Accumulator
    {
        private TState _state = function.Seed;

        public override void Step(ReadOnlySpan<SqlValue> arguments)
        {
            try
            {
                _state = function.Next(_state, arguments);
            }
            catch (Exception error)
            {
                throw UserFunctions.Failure(error);
            }
        }

        public override SqlValue Final()
        {
            try
            {
                return UserFunctions.ToSql(function.Result(_state), function.Name);
            }
            catch (Exception error)
            {
                throw UserFunctions.Failure(error);
            }
        }
    }

    private TState Next(TState state, ReadOnlySpan<SqlValue> arguments) => step(state, arguments);

    private object? Result(TState state) => result(state);
}

/// <summary>A collation of the program.</summary>
internal sealed class UserCollation(string name, Comparison<string> comparison) : Collation(name)
{
    public override int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        try
        {
            return comparison(System.Text.Encoding.UTF8.GetString(a), System.Text.Encoding.UTF8.GetString(b));
        }
        catch (Exception error)
        {
            throw UserFunctions.Failure(error);
        }
    }
}
