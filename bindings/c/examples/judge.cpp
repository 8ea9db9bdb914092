// Inspects a file and judges it with an estate file: judge ESTATE FILE...
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "rmsight.h"

namespace {

std::string text(RmsightText found) {
    return found.len ? std::string(reinterpret_cast<const char *>(found.data), found.len) : "";
}

void check(RmsightStatus status) {
    if (status == RMSIGHT_STATUS_OK) return;
    RmsightText message{};
    rmsight_last_error(&message);
    throw std::runtime_error(text(message));
}

// Owns a handle.
class Handle {
  public:
    using Close = RmsightStatus (*)(uint64_t);
    explicit Handle(Close close) : close_(close) {}
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() {
        if (handle_) close_(handle_);
    }
    uint64_t *out() { return &handle_; }
    uint64_t get() const { return handle_; }

  private:
    Close close_;
    uint64_t handle_ = 0;
};

std::string value(const Handle &report, size_t row, uint32_t column) {
    RmsightText found{};
    const RmsightStatus status = rmsight_report_text(report.get(), row, column, &found);
    if (status == RMSIGHT_STATUS_NO_VALUE) return "-";
    check(status);
    return text(found);
}

uint32_t column(const std::string &name) {
    for (uint32_t id = 0; id < rmsight_column_count(); id++) {
        RmsightText found{};
        check(rmsight_column_name(id, &found));
        if (text(found) == name) return id;
    }
    throw std::runtime_error("there is no column " + name);
}

}  // namespace

int main(int argc, char **argv) try {
    if (argc < 3) {
        std::cerr << "usage: judge ESTATE FILE...\n";
        return 2;
    }
    std::ifstream file(argv[1], std::ios::binary);
    const std::string toml{std::istreambuf_iterator<char>(file), {}};
    Handle estate(rmsight_estate_close);
    check(rmsight_estate_parse(reinterpret_cast<const uint8_t *>(toml.data()), toml.size(), estate.out()));
    Handle inspector(rmsight_inspector_close);
    check(rmsight_inspector_open(nullptr, inspector.out()));
    for (int i = 2; i < argc; i++) {
        const std::string path = argv[i];
        Handle report(rmsight_report_close);
        check(rmsight_inspect_path(inspector.get(), reinterpret_cast<const uint8_t *>(path.data()),
                                   path.size(), nullptr, report.out()));
        Handle judged(rmsight_report_close);
        check(rmsight_judge(report.get(), estate.get(), judged.out()));
        size_t rows = 0;
        check(rmsight_report_count(judged.get(), &rows));
        for (size_t row = 0; row < rows; row++) {
            std::cout << path << ' ' << value(judged, row, column("member")) << ' '
                      << value(judged, row, column("need")) << ' '
                      << value(judged, row, column("authority")) << '\n';
        }
    }
    return 0;
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 2;
}
