/* An independent Modbus server for the tests, of libmodbus (Debian: libmodbus-dev).
 *   server tcp PORT        on 127.0.0.1
 *   server rtu DEVICE      unit 17, 9600 8N1
 * Holding registers 0 to 99: 0 is 0x1234, 10 and 11 are the float 21.5, 20 and 21 the number -2, and those that are written.
 * Coils 0 to 15: every other one is set. Others are answered with an exception. */
#include <modbus/modbus.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int tcp = strcmp(argv[1], "tcp") == 0;
    modbus_t *context = tcp ? modbus_new_tcp("127.0.0.1", atoi(argv[2])) : modbus_new_rtu(argv[2], 9600, 'N', 8, 1);
    modbus_mapping_t *mapping = modbus_mapping_new(16, 16, 100, 100);
    if (context == NULL || mapping == NULL)
        return 1;
    mapping->tab_registers[0] = 0x1234;
    mapping->tab_registers[10] = 0x41AC; /* 21.5 */
    mapping->tab_registers[20] = 0xFFFF;
    mapping->tab_registers[21] = 0xFFFE;
    mapping->tab_input_registers[5] = 777;
    for (int i = 0; i < 16; i += 2)
        mapping->tab_bits[i] = 1;
    modbus_set_slave(context, tcp ? 255 : 17);

    int listener = -1;
    if (tcp)
    {
        listener = modbus_tcp_listen(context, 1);
        if (listener < 0)
            return 1;
    }
    else if (modbus_connect(context) < 0)
    {
        return 1;
    }
    printf("ready\n");
    fflush(stdout);
    for (;;)
    {
        uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
        if (tcp && modbus_tcp_accept(context, &listener) < 0)
            return 1;
        for (;;)
        {
            int length = modbus_receive(context, request);
            if (length > 0)
                modbus_reply(context, request, length, mapping);
            else if (length < 0 && (tcp || errno == EIO || errno == EBADF))
                break;
        }
        if (!tcp)
            return 0;
        modbus_close(context);
    }
}
