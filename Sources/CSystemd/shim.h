// libsystemd's D-Bus connection; its functions without variable arguments alone are called.
#pragma once
#include <systemd/sd-bus.h>
