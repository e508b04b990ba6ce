/* Both programs live in one file and share its libraries; the name it is called by chooses. */
#include <string.h>

int ffmpeg_main(int argc, char **argv);
int ffprobe_main(int argc, char **argv);

int main(int argc, char **argv)
{
    const char *path = argc > 0 ? argv[0] : "";
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return strcmp(name, "ffprobe") ? ffmpeg_main(argc, argv) : ffprobe_main(argc, argv);
}
