// C++ names: a template in a namespace, a virtual method, an operator, a lambda, and work inside a
// handler of an exception; it is much, since what throws and catches has paths of its own.
// main → geometry::Sum<…>::operator() → … → geometry::Circle::area.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>
#include "workload.h"

namespace geometry
{

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};

struct Circle final : Shape {
  FUNCTION double area() const override
  {
    burn(5000);
    return 3;
  }
};

template <typename Value> struct Sum {
  FUNCTION Value operator()(const std::vector<Shape *> &shapes) const
  {
    Value total = 0;
    for (const Shape *shape : shapes) {
      total += shape->area();
      RETURNS_HERE();
    }
    return total;
  }
};

namespace
{
FUNCTION void recover()
{
  burn(5000);
}
}  // namespace

FUNCTION void fail(const std::string &why)
{
  try {
    throw std::runtime_error(why);
  } catch (const std::runtime_error &error) {
    recover();
    RETURNS_HERE();
  }
}

}  // namespace geometry

int main(int argc, char **argv)
{
  begin(argc, argv);
  geometry::Circle circle;
  std::vector<geometry::Shape *> shapes{ &circle };
  for (;;) {
    geometry::Sum<double>{}(shapes);
    geometry::fail("as planned");
    RETURNS_HERE();
  }
}
